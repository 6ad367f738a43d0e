// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
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
	c, err := s.pack()
	if err != nil {
		s.err = err
		return false
	}
	judgement, err := s.judge.Judge(s.ctx, c)
	if err != nil {
		s.err = err
		return false
	}
	if !s.presentable(judgement, c.Request) {
		return false
	}
	for _, d := range judgement.Differences {
		same := d.Phase == s.divergence.Phase && d.Class == s.divergence.Class
		if same && (d.Class != Untranslated || d.Detail == s.divergence.Detail) {
			s.judgement = judgement
			s.divergence.Detail = d.Detail
			return true
		}
	}
	return false
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
	if s.judge.options.given() {
		return count(s.object) + count(s.old) + count(s.groups)
	}
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
