// SPDX-License-Identifier: Apache-2.0

package manifest

// Object is one Kubernetes object of the input.
type Object struct {
	// APIVersion, Kind, Namespace and Name are as written in the object; for an item of a typed list that leaves them
	// out, APIVersion and Kind come from the list.
	APIVersion, Kind, Namespace, Name string
	// JSON is the object, compact, after conversion from YAML. Read only.
	JSON []byte

	origin
	nodes *nodeCache
}

// form is how the text of an object is written.
type form int8

const (
	yamlDocument form = iota // a YAML document, or one inside of it if there is a path
	yamlItem                 // one item of a block-style YAML sequence, with its dash
	jsonText                 // a JSON value
)

// origin is where an object comes from: a piece of a file, and the way from there to the object if the piece holds a list
// that could not be cut.
type origin struct {
	file *file
	span
	form form
	path []int // indices into nested lists' items
}

// File is the name of the source file, as shown in positions.
func (o *Object) File() string { return o.file.name }

// FileSHA256 is the digest, in lower-case hex, of the whole source file.
func (o *Object) FileSHA256() string { return o.file.sha256() }

// SHA256 is the digest, in lower-case hex, of the source text of the object: of its YAML document, with the "---" line that
// opens it; of the item if it stood in a list; of its JSON if the list could not be taken apart as text.
func (o *Object) SHA256() string {
	if o.path != nil {
		return digest(o.JSON)
	}
	return digest(o.text(o.file.data))
}
