package parquet

import (
	"errors"
	"fmt"
)

// Physical types of parquet.thrift.
const (
	physBool   = 0
	physInt32  = 1
	physInt64  = 2
	physInt96  = 3
	physFloat  = 4
	physDouble = 5
	physBytes  = 6
	physFixed  = 7
	physNone   = -1 // a group
)

// Repetition of a schema element.
const (
	required = 0
	optional = 1
	repeated = 2
)

// fileMeta is the part of the footer that reading needs. Strings alias the
// footer's bytes.
type fileMeta struct {
	schema    []schemaElement
	numRows   int64
	groups    []rowGroup
	createdBy string
	// orders holds, per leaf, the field id of its column order: 1 is the order of
	// the logical type, anything else is not known here.
	orders    []int16
	encrypted bool
}

type schemaElement struct {
	name       string
	phys       int8
	repetition int8
	converted  int8 // -1: none
	typeLen    int32
	children   int32
	scale      int32
	precision  int32
	logical    logicalType
}

// logicalType is the union LogicalType; id is the field that was set, 0 if none.
type logicalType struct {
	id        int16
	unit      int16 // 1 ms, 2 µs, 3 ns
	utc       bool
	signed    bool
	bits      int8
	scale     int32
	precision int32
}

type rowGroup struct {
	columns []columnChunk
	numRows int64
}

type columnChunk struct {
	phys              int8
	codec             int8
	encrypted         bool
	otherFile         bool
	numValues         int64
	totalUncompressed int64
	totalCompressed   int64
	dataOffset        int64
	dictOffset        int64 // 0: none
	stats             statistics
}

// statistics are raw bytes; nil where unset. nulls is -1 where unset.
type statistics struct {
	oldMin, oldMax []byte
	min, max       []byte
	nulls          int64
}

// parseFooter reads the FileMetaData structure.
func parseFooter(b []byte) (*fileMeta, error) {
	c := &cursor{b: b}
	m := &fileMeta{}
	var seenSchema, seenGroups bool
	for id := int16(0); ; {
		typ, next := c.field(id)
		if typ == wireStop {
			break
		}
		switch id = next; id {
		case 2:
			seenSchema = true
			for n := c.list(typ, wireStruct); n > 0 && c.err == nil; n-- {
				m.schema = append(m.schema, c.schemaElement())
			}
		case 3:
			m.numRows = c.int(typ)
		case 4:
			seenGroups = true
			for n := c.list(typ, wireStruct); n > 0 && c.err == nil; n-- {
				m.groups = append(m.groups, c.rowGroup())
			}
		case 6:
			m.createdBy = string(c.bytes(typ))
		case 7:
			for n := c.list(typ, wireStruct); n > 0 && c.err == nil; n-- {
				m.orders = append(m.orders, c.union(nil))
			}
		case 8:
			m.encrypted = true
			c.skip(typ)
		default:
			c.skip(typ)
		}
	}
	if c.err != nil {
		return nil, c.err
	}
	if !seenSchema || !seenGroups {
		return nil, errors.New("the schema or the list of row groups is missing")
	}
	return m, nil
}

func (c *cursor) schemaElement() schemaElement {
	e := schemaElement{phys: physNone, converted: -1}
	named := false
	for id := int16(0); ; {
		typ, next := c.field(id)
		if typ == wireStop {
			break
		}
		switch id = next; id {
		case 1:
			e.phys = c.small(typ)
		case 2:
			e.typeLen = c.i32(typ)
		case 3:
			e.repetition = c.small(typ)
		case 4:
			e.name, named = string(c.bytes(typ)), true
		case 5:
			e.children = c.i32(typ)
		case 6:
			e.converted = c.small(typ)
		case 7:
			e.scale = c.i32(typ)
		case 8:
			e.precision = c.i32(typ)
		case 10:
			if c.begin(typ) {
				e.logical.id = c.union(&e.logical)
			}
		default:
			c.skip(typ)
		}
	}
	if c.err == nil && !named {
		c.fail(errors.New("a schema element has no name"))
	}
	return e
}

// union reads a structure of which one field is set and returns that field's
// id. The parameters of logical types are kept in l when it is not nil.
func (c *cursor) union(l *logicalType) int16 {
	var set int16
	for id := int16(0); ; {
		typ, next := c.field(id)
		if typ == wireStop {
			return set
		}
		id = next
		if set == 0 {
			set = id
		}
		if l == nil || typ != wireStruct || set != id {
			c.skip(typ)
			continue
		}
		c.logicalFields(id, l)
	}
}

// logicalFields reads the structure inside one alternative of LogicalType.
func (c *cursor) logicalFields(kind int16, l *logicalType) {
	for id := int16(0); ; {
		typ, next := c.field(id)
		if typ == wireStop {
			return
		}
		switch id = next; {
		case kind == logicalDecimal && id == 1:
			l.scale = c.i32(typ)
		case kind == logicalDecimal && id == 2:
			l.precision = c.i32(typ)
		case (kind == logicalTime || kind == logicalTimestamp) && id == 1:
			l.utc = c.bool(typ)
		case (kind == logicalTime || kind == logicalTimestamp) && id == 2:
			if c.begin(typ) {
				l.unit = c.union(nil)
			}
		case kind == logicalInt && id == 1:
			l.bits = c.small(typ)
		case kind == logicalInt && id == 2:
			l.signed = c.bool(typ)
		default:
			c.skip(typ)
		}
	}
}

func (c *cursor) rowGroup() rowGroup {
	var g rowGroup
	var seen int
	for id := int16(0); ; {
		typ, next := c.field(id)
		if typ == wireStop {
			break
		}
		switch id = next; id {
		case 1:
			seen |= 1
			n := c.list(typ, wireStruct)
			g.columns = make([]columnChunk, 0, min(n, c.left()/minChunkBytes))
			for ; n > 0 && c.err == nil; n-- {
				g.columns = append(g.columns, c.columnChunk())
			}
		case 3:
			seen |= 2
			g.numRows = c.int(typ)
		default:
			c.skip(typ)
		}
	}
	if c.err == nil && seen != 3 {
		c.fail(errors.New("a row group lacks its columns or its number of rows"))
	}
	return g
}

// minChunkBytes is less than the shortest ColumnChunk that has all required
// fields; lists are not given more room than the bytes could fill.
const minChunkBytes = 16

func (c *cursor) columnChunk() columnChunk {
	var k columnChunk
	seen := false
	for id := int16(0); ; {
		typ, next := c.field(id)
		if typ == wireStop {
			break
		}
		switch id = next; id {
		case 1:
			k.otherFile = len(c.bytes(typ)) > 0
		case 3:
			if c.begin(typ) {
				c.columnMeta(&k)
				seen = true
			}
		case 8, 9:
			k.encrypted = true
			c.skip(typ)
		default:
			c.skip(typ)
		}
	}
	if c.err == nil && !seen && !k.encrypted {
		c.fail(errors.New("a column chunk has no metadata"))
	}
	return k
}

func (c *cursor) columnMeta(k *columnChunk) {
	var seen uint
	for id := int16(0); ; {
		typ, next := c.field(id)
		if typ == wireStop {
			break
		}
		id = next
		if id > 0 && id < 32 {
			seen |= 1 << id
		}
		switch id {
		case 1:
			k.phys = c.small(typ)
		case 4:
			k.codec = c.small(typ)
		case 5:
			k.numValues = c.int(typ)
		case 6:
			k.totalUncompressed = c.int(typ)
		case 7:
			k.totalCompressed = c.int(typ)
		case 9:
			k.dataOffset = c.int(typ)
		case 11:
			k.dictOffset = c.int(typ)
		case 12:
			if c.begin(typ) {
				k.stats = c.statistics()
				continue
			}
		default:
			c.skip(typ)
		}
	}
	const need = 1<<1 | 1<<4 | 1<<5 | 1<<6 | 1<<7 | 1<<9
	if c.err == nil && seen&need != need {
		c.fail(errors.New("a column chunk lacks its type, codec, sizes or offset"))
	}
	if seen&(1<<12) == 0 {
		k.stats.nulls = -1
	}
}

func (c *cursor) statistics() statistics {
	s := statistics{nulls: -1}
	for id := int16(0); ; {
		typ, next := c.field(id)
		if typ == wireStop {
			return s
		}
		switch id = next; id {
		case 1:
			s.oldMax = c.bytes(typ)
		case 2:
			s.oldMin = c.bytes(typ)
		case 3:
			s.nulls = c.int(typ)
		case 5:
			s.max = c.bytes(typ)
		case 6:
			s.min = c.bytes(typ)
		default:
			c.skip(typ)
		}
	}
}

// physName names a physical type for messages.
func physName(p int8) string {
	names := [...]string{"BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"}
	if p < 0 || int(p) >= len(names) {
		return fmt.Sprintf("unknown physical type %d", p)
	}
	return names[p]
}
