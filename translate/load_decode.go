// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	rbacv1 "k8s.io/api/rbac/v1"
	rbacv1alpha1 "k8s.io/api/rbac/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"psp2rego/translate/diagnostic"
	"psp2rego/translate/manifest"
	"psp2rego/translate/psp"
)

// decoded is an object of the input in its Go type; value is nil if it does not fit, and mistakes say why, without their
// positions.
type decoded struct {
	object   *manifest.Object
	value    any
	mistakes []diagnostic.Diagnostic
}

// decodeAll decodes all objects, in parallel, and keeps their order.
func decodeAll(ctx context.Context, objects []*manifest.Object) []decoded {
	const batch = 64
	all := make([]decoded, len(objects))
	var next atomic.Int64
	work := func() {
		for ctx.Err() == nil {
			end := int(next.Add(batch))
			if end-batch >= len(all) {
				return
			}
			for i := end - batch; i < min(end, len(all)); i++ {
				all[i] = decode(objects[i])
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(all)+batch-1)/batch) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return all[:len(all):len(all)]
}

// maxMistakes is how many mistakes are reported of one object.
const maxMistakes = 20

// decode decodes one object, strictly: what its type has no field for may be a misspelt restriction.
func decode(o *manifest.Object) decoded {
	d := decoded{object: o}
	switch o.Kind {
	case manifest.PodSecurityPolicy:
		d.into(&psp.PodSecurityPolicy{})
	case manifest.ClusterRole:
		d.into(&rbacv1.ClusterRole{})
	case manifest.Role:
		d.into(&rbacv1.Role{})
	case manifest.ClusterRoleBinding:
		if o.APIVersion == rbacv1alpha1.SchemeGroupVersion.String() {
			d.into(&rbacv1alpha1.ClusterRoleBinding{})
		} else {
			d.into(&rbacv1.ClusterRoleBinding{})
		}
	case manifest.RoleBinding:
		if o.APIVersion == rbacv1alpha1.SchemeGroupVersion.String() {
			d.into(&rbacv1alpha1.RoleBinding{})
		} else {
			d.into(&rbacv1.RoleBinding{})
		}
	}
	d.value = complete(d.value)
	return d
}

// into decodes the object into a pointer to its type.
func (d *decoded) into(value any) {
	strict, err := kjson.UnmarshalStrict(d.object.JSON, value)
	if err != nil {
		d.wrongType(value, err)
		return
	}
	for _, err := range strict {
		if len(d.mistakes) < maxMistakes {
			d.strict(reflect.TypeOf(value), err)
		}
	}
	if len(d.mistakes) > 0 {
		return
	}
	d.value = value
	if meta, ok := value.(metav1.Object); ok {
		meta.SetManagedFields(nil)
	}
}

// accepted are fields that the types above do not have any more, but that dumps of older clusters hold; none of them
// decides anything.
func accepted(field string) bool {
	return field == "status" || field == "metadata.clusterName" || field == "metadata.initializers"
}

// strict reports a field that is unknown or given twice.
func (d *decoded) strict(t reflect.Type, err error) {
	var field kjson.FieldError
	if !errors.As(err, &field) {
		d.add(diagnostic.WrongType, "", err.Error(), "")
		return
	}
	path := field.FieldPath()
	if err.Error() == fmt.Sprintf("duplicate field %q", path) {
		d.add(diagnostic.DuplicateField, path, "this field is given twice", "")
		return
	}
	if accepted(path) {
		return
	}
	hint := "Kubernetes has no such field; a misspelt restriction would not restrict anything"
	if known := similarField(t, path); known != "" {
		hint = "did you mean " + known + "?"
	}
	d.add(diagnostic.UnknownField, path, "unknown field", hint)
}

// wrongType reports a value that does not fit its field. The decoder's own error is of a type that cannot be named, so
// the standard library's decoder is asked where it trips.
func (d *decoded) wrongType(value any, err error) {
	fresh := reflect.New(reflect.TypeOf(value).Elem()).Interface()
	var mismatch *json.UnmarshalTypeError
	if !errors.As(json.Unmarshal(d.object.JSON, fresh), &mismatch) {
		d.add(diagnostic.WrongType, "", err.Error(), "")
		return
	}
	path := manifest.PathAt(d.object.JSON, int(mismatch.Offset))
	hint := ""
	if mismatch.Type.Kind() == reflect.String && (mismatch.Value == "bool" || strings.HasPrefix(mismatch.Value, "number")) {
		hint = "write the value in quotes"
	}
	d.add(diagnostic.WrongType, path, fmt.Sprintf("must be %s, not %s", typeName(mismatch.Type), valueName(mismatch.Value)), hint)
}

func (d *decoded) add(code, field, message, hint string) {
	d.mistakes = append(d.mistakes, diagnostic.Diagnostic{
		Severity: diagnostic.Error, Code: code, Field: field, Message: message, Hint: hint,
	})
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int32, reflect.Int64:
		return fmt.Sprintf("an integer of %d bits", t.Bits())
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

func valueName(value string) string {
	switch value {
	case "bool":
		return "true or false"
	case "string", "number":
		return "a " + value
	case "array":
		return "a list"
	case "object":
		return "an object"
	}
	return value
}
