package parquet

import (
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// Field ids of the union LogicalType.
const (
	logicalString    = 1
	logicalMap       = 2
	logicalList      = 3
	logicalEnum      = 4
	logicalDecimal   = 5
	logicalDate      = 6
	logicalTime      = 7
	logicalTimestamp = 8
	logicalInt       = 10
	logicalNull      = 11
	logicalJSON      = 12
	logicalBSON      = 13
	logicalUUID      = 14
	logicalFloat16   = 15
)

// Values of the enumeration ConvertedType, the annotation of older files.
const (
	convUTF8        = 0
	convMap         = 1
	convMapKeyValue = 2
	convList        = 3
	convEnum        = 4
	convDecimal     = 5
	convDate        = 6
	convTimeMillis  = 7
	convTimeMicros  = 8
	convTsMillis    = 9
	convTsMicros    = 10
	convUint8       = 11
	convUint16      = 12
	convUint32      = 13
	convUint64      = 14
	convInt8        = 15
	convInt16       = 16
	convInt32       = 17
	convInt64       = 18
	convJSON        = 19
)

// target is what a leaf's values become in memory.
type target uint8

const (
	toI64     target = iota // bool, int32, int64: sign-extended
	toU32                   // int32 holding an unsigned number: zero-extended
	toTime96                // int96: microseconds since 1970
	toF64                   // float, double
	toFloat16               // two bytes
	toText                  // bytes as they are
	toUUID                  // sixteen bytes as text
	toDec64                 // decimals in bytes, precision ≤ 18
	toDec128                // decimals of more digits
	toNothing               // a column of nulls
)

// leaf is a top-level column: a flat one, or a nested one that is passed over.
type leaf struct {
	name    string
	index   int // index of its (first) column chunk in a row group
	phys    int8
	width   int // bytes a value takes in PLAIN; 0 for variable and boolean
	maxDef  int // 0 or 1
	to      target
	kind    frame.Kind
	typ     arrow.DataType
	refused string // why the column cannot be read; "" when it can
}

// node is an element of the schema tree.
type node struct {
	e    schemaElement
	kids []node
}

const maxSchemaDepth = 64

// tree builds the schema tree from its depth-first list.
func tree(list []schemaElement) (node, error) {
	if len(list) == 0 {
		return node{}, errors.New("the schema is empty")
	}
	root, rest, err := subtree(list, 0)
	if err != nil {
		return node{}, err
	}
	if len(rest) != 0 {
		return node{}, fmt.Errorf("the schema has %d elements that belong to no group", len(rest))
	}
	return root, nil
}

func subtree(list []schemaElement, depth int) (node, []schemaElement, error) {
	n := node{e: list[0]}
	list = list[1:]
	isRoot := depth == 0
	switch {
	case depth > maxSchemaDepth:
		return n, nil, fmt.Errorf("the schema is nested deeper than %d levels", maxSchemaDepth)
	case n.e.children < 0 || int(n.e.children) > len(list):
		return n, nil, fmt.Errorf("schema element %q declares %d children, but %d elements follow", n.e.name, n.e.children, len(list))
	case !isRoot && n.e.children == 0 && n.e.phys == physNone:
		// A group without children; nothing is stored for it.
	case n.e.children > 0 && n.e.phys != physNone && !isRoot:
		return n, nil, fmt.Errorf("schema element %q has both a type and children", n.e.name)
	case !isRoot && (n.e.repetition < required || n.e.repetition > repeated):
		return n, nil, fmt.Errorf("schema element %q has the unknown repetition %d", n.e.name, n.e.repetition)
	}
	// Grown by appending: a damaged element may declare any number of children.
	for i := int32(0); i < n.e.children; i++ {
		if len(list) == 0 {
			return n, nil, fmt.Errorf("schema element %q lacks children", n.e.name)
		}
		kid, rest, err := subtree(list, depth+1)
		if err != nil {
			return n, nil, err
		}
		n.kids, list = append(n.kids, kid), rest
	}
	return n, list, nil
}

// leaves turns the tree into top-level columns and counts all column chunks.
func leaves(root node) (cols []leaf, chunks int, err error) {
	for _, k := range root.kids {
		l := leaf{name: k.e.name, index: chunks}
		if k.e.phys == physNone || k.e.repetition == repeated {
			n, err := countLeaves(k)
			if err != nil {
				return nil, 0, err
			}
			l.typ, l.kind = nestedType(k), frame.Nested
			l.refused = "nested columns are not read"
			chunks += n
		} else {
			if err := l.flat(k.e); err != nil {
				return nil, 0, fmt.Errorf("column %q: %w", k.e.name, err)
			}
			chunks++
		}
		cols = append(cols, l)
	}
	return cols, chunks, nil
}

func countLeaves(n node) (int, error) {
	if n.e.phys != physNone {
		if n.e.phys > physFixed {
			return 0, fmt.Errorf("column %q has the unknown physical type %d", n.e.name, n.e.phys)
		}
		return 1, nil
	}
	sum := 0
	for _, k := range n.kids {
		c, err := countLeaves(k)
		if err != nil {
			return 0, err
		}
		sum += c
	}
	return sum, nil
}

// nestedType describes a group or a repeated element for the schema; nothing
// is decoded by it.
func nestedType(n node) arrow.DataType {
	var t arrow.DataType
	switch {
	case n.e.phys != physNone:
		var l leaf
		if err := l.flat(n.e); err != nil {
			l.typ = arrow.BinaryTypes.Binary
		}
		t = l.typ
	case isList(n):
		return arrow.ListOf(nestedType(listElement(n.kids[0])))
	case isMap(n):
		kv := n.kids[0]
		return arrow.MapOf(nestedType(kv.kids[0]), nestedType(kv.kids[1]))
	default:
		fields := make([]arrow.Field, len(n.kids))
		for i, k := range n.kids {
			fields[i] = arrow.Field{Name: k.e.name, Type: nestedType(k), Nullable: k.e.repetition != required}
		}
		t = arrow.StructOf(fields...)
	}
	if n.e.repetition == repeated {
		return arrow.ListOf(t)
	}
	return t
}

func isList(n node) bool {
	return (n.e.logical.id == logicalList || n.e.converted == convList) && len(n.kids) == 1 &&
		n.kids[0].e.repetition == repeated && n.e.repetition != repeated
}

func isMap(n node) bool {
	return (n.e.logical.id == logicalMap || n.e.converted == convMap || n.e.converted == convMapKeyValue) &&
		len(n.kids) == 1 && n.kids[0].e.repetition == repeated && len(n.kids[0].kids) == 2 && n.e.repetition != repeated
}

// listElement finds the element of a three-level list; two-level lists hold it
// directly.
func listElement(rep node) node {
	if len(rep.kids) == 1 && rep.e.name != "array" {
		return rep.kids[0]
	}
	rep.e.repetition = required
	return rep
}
