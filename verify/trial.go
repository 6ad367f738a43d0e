// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"strings"
	"unicode"
)

// accept says whether the change that was just made leaves the divergence in place.
func (s *shrinker) accept() bool {
	if s.budget <= 0 || s.err != nil {
		return false
	}
	s.budget -= s.cost
	ok := s.still()
	s.shrunk = s.shrunk || ok
	return ok
}

// still puts the case to both sides again.
func (s *shrinker) still() bool {
	judgement, c, err := s.ask()
	if err != nil {
		s.err = err
		return false
	}
	if s.anchor != nil && !alike(s.anchor, s.judge.options.decidedByObjects(judgement)) {
		return false
	}
	if !s.presentable(judgement, c.Request) {
		return false
	}
	if d := judgement.shows(&s.divergence.Difference); d != nil {
		s.judgement = judgement
		s.divergence.Detail = d.Detail
		return true
	}
	return false
}

// ask puts the case that the documents make now to both sides.
func (s *shrinker) ask() (*Judgement, *CaseFile, error) {
	c, err := s.pack()
	if err != nil {
		return nil, nil, err
	}
	judgement, err := s.judge.Judge(s.ctx, c)
	return judgement, c, err
}

// shows is the difference of the same phase and class; nil when there is none.
func (j *Judgement) shows(want *Difference) *Difference {
	for _, d := range j.Differences {
		same := d.Phase == want.Phase && d.Class == want.Class
		if same && (d.Class != Untranslated || unnumbered(d.Detail) == unnumbered(want.Detail)) {
			return d
		}
	}
	return nil
}

// unnumbered is a text without digits: what is wrong with objects stays the same on other lines.
func unnumbered(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, text)
}

// pack is the case that the documents make now.
func (s *shrinker) pack() (*CaseFile, error) {
	c := &CaseFile{Dialect: s.divergence.Dialect, Phase: s.divergence.Only}
	for _, object := range s.objects {
		data, err := json.Marshal(object)
		if err != nil {
			return nil, err
		}
		c.Objects = append(c.Objects, data)
	}
	if s.divergence.Request == nil {
		return c, nil
	}
	request := *s.divergence.Request
	request.UserInfo.Groups = nil
	for _, group := range s.groups {
		request.UserInfo.Groups = append(request.UserInfo.Groups, group.(string))
	}
	for _, part := range []struct {
		value any
		to    *json.RawMessage
	}{{s.object, &request.Object}, {s.old, &request.OldObject}} {
		if part.value == nil {
			continue
		}
		data, err := json.Marshal(part.value)
		if err != nil {
			return nil, err
		}
		*part.to = data
	}
	c.Request = &request
	return c, nil
}

// adopt makes the divergence the small one.
func (s *shrinker) adopt() {
	c, err := s.pack()
	if err != nil {
		s.err = err
		return
	}
	d := s.divergence
	d.Objects, d.Request = c.Objects, c.Request
	if s.judgement != nil {
		d.Native, d.Ours = s.judgement.Native, s.judgement.Ours
	}
}

// parts is the size of the case: its objects, fields and items.
func (s *shrinker) parts() int {
	return count(s.objects) + count(s.object) + count(s.old) + count(s.groups)
}

func count(value any) int {
	n := 0
	switch v := value.(type) {
	case map[string]any:
		for _, member := range v {
			n += 1 + count(member)
		}
	case []any:
		for _, item := range v {
			n += 1 + count(item)
		}
	}
	return n
}
