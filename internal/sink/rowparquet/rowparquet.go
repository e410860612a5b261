// Package rowparquet writes result tables of analyses as Parquet through
// xitongsys/parquet-go; it is the only package that uses that library.
//
// The library is used for what it does right and kept from what it does wrong.
// Its statistics miscount nulls when a page starts with one, and its page index
// marks no page as all null, so neither is written: results are small and read
// whole. Its schema tags cannot hold every column name, so the schema is built
// from values. Its reader drops errors and is not used at all outside tests.
package rowparquet

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"strconv"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/xitongsys/parquet-go/common"
	"github.com/xitongsys/parquet-go/layout"
	"github.com/xitongsys/parquet-go/parquet"
	"github.com/xitongsys/parquet-go/schema"
	"github.com/xitongsys/parquet-go/writer"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Table is a result to be written. Columns hold Rows rows each, of the kinds
// Bool, Int, Float, Decimal of at most 18 digits, Time, Date and String.
type Table struct {
	Names   []string
	Columns []frame.Column
	Rows    int
}

const (
	pageBytes = 256 << 10
	groupRows = 1 << 16 // the library keeps every value of a row group in memory, boxed
	root      = "schema"
)

// Write writes the table as one Parquet file (snappy, all columns nullable, NaN
// as null, since an undefined ratio is null in every format). The same table gives the
// same bytes.
//
// Errors of w are passed on; a column that cannot be written is fault.Internal.
func Write(w io.Writer, t Table) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.New(fault.Internal, "writing Parquet: %v", r)
		}
	}()
	if len(t.Names) == 0 || len(t.Names) != len(t.Columns) {
		return fault.New(fault.Internal, "writing Parquet: %d names for %d columns", len(t.Names), len(t.Columns))
	}
	out := &keepError{w: w}
	pw, err := writer.NewParquetWriterFromWriter(out, nil, 1)
	if err != nil {
		return fault.Wrap(err, "writing Parquet")
	}
	if pw.SchemaHandler, err = handler(t); err != nil {
		return err
	}
	pw.Footer.Schema = pw.SchemaHandler.SchemaElements
	by := "ecomctl with xitongsys/parquet-go v1.6.2"
	pw.Footer.CreatedBy = &by
	pw.PageSize, pw.RowGroupSize = pageBytes, math.MaxInt64
	pw.MarshalFunc = t.marshal
	for i := range t.Rows {
		if i > 0 && i%groupRows == 0 {
			if err := pw.Flush(true); err != nil {
				return fault.Wrap(err, "writing Parquet")
			}
		}
		if err := pw.Write(i); err != nil {
			return fault.Wrap(err, "writing Parquet")
		}
	}
	if err := pw.Flush(true); err != nil {
		return fault.Wrap(err, "writing Parquet")
	}
	return writeFooter(out, pw)
}

// keepError repeats the first error of a writer, for the library passes over some.
type keepError struct {
	w   io.Writer
	err error
}

func (k *keepError) Write(b []byte) (int, error) {
	if k.err != nil {
		return 0, k.err
	}
	n, err := k.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	k.err = err
	return n, err
}

// writeFooter ends the file. The library's own WriteStop would add the page index.
func writeFooter(w *keepError, pw *writer.ParquetWriter) error {
	pw.RenameSchema()
	for _, g := range pw.Footer.RowGroups {
		for _, c := range g.Columns {
			c.MetaData.Statistics = nil
		}
	}
	ts := thrift.NewTSerializer()
	ts.Protocol = thrift.NewTCompactProtocolFactoryConf(nil).GetProtocol(ts.Transport)
	foot, err := ts.Write(context.Background(), pw.Footer)
	if err != nil {
		return fault.New(fault.Internal, "writing Parquet: footer: %w", err)
	}
	tail := binary.LittleEndian.AppendUint32(bytes.Clone(foot), uint32(len(foot)))
	_, err = w.Write(append(tail, "PAR1"...))
	return fault.Wrap(err, "writing Parquet")
}

// handler builds the schema. Inside the library columns are called by their
// number, so that any name is possible.
func handler(t Table) (*schema.SchemaHandler, error) {
	n := int32(len(t.Names))
	req := parquet.FieldRepetitionType_REQUIRED
	elems := []*parquet.SchemaElement{{Name: root, NumChildren: &n, RepetitionType: &req}}
	infos := []*common.Tag{tag(common.StringToVariableName(root), root)}
	for i := range t.Columns {
		e, err := element(&t.Columns[i])
		if err != nil {
			return nil, fault.Wrap(err, "writing Parquet: column %q", t.Names[i])
		}
		e.Name = "C" + strconv.Itoa(i)
		elems, infos = append(elems, e), append(infos, tag(e.Name, t.Names[i]))
	}
	h := schema.NewSchemaHandlerFromSchemaList(elems)
	h.Infos = infos
	h.CreateInExMap()
	return h, nil
}

func tag(in, ex string) *common.Tag {
	t := common.NewTag()
	t.InName, t.ExName, t.OmitStats = in, ex, true
	return t
}

// element gives the Parquet type of a column.
func element(c *frame.Column) (*parquet.SchemaElement, error) {
	opt := parquet.FieldRepetitionType_OPTIONAL
	e := &parquet.SchemaElement{RepetitionType: &opt, LogicalType: parquet.NewLogicalType()}
	phys := parquet.Type_INT64
	switch c.Kind {
	case frame.Bool:
		phys, e.LogicalType = parquet.Type_BOOLEAN, nil
	case frame.Int:
		e.LogicalType.INTEGER = &parquet.IntType{BitWidth: 64, IsSigned: !c.Unsigned()}
		e.ConvertedType = parquet.ConvertedTypePtr(parquet.ConvertedType_INT_64)
		if c.Unsigned() {
			e.ConvertedType = parquet.ConvertedTypePtr(parquet.ConvertedType_UINT_64)
		}
	case frame.Float:
		phys, e.LogicalType = parquet.Type_DOUBLE, nil
	case frame.Decimal:
		if c.D128 != nil {
			return nil, fault.New(fault.Internal, "decimals of more than 18 digits")
		}
		precision, scale := int32(18), c.Scale()
		e.Precision, e.Scale = &precision, &scale
		e.LogicalType.DECIMAL = &parquet.DecimalType{Precision: precision, Scale: scale}
		e.ConvertedType = parquet.ConvertedTypePtr(parquet.ConvertedType_DECIMAL)
	case frame.Time:
		return e, timestamp(e, c)
	case frame.Date:
		phys = parquet.Type_INT32
		e.LogicalType.DATE = parquet.NewDateType()
		e.ConvertedType = parquet.ConvertedTypePtr(parquet.ConvertedType_DATE)
	case frame.String:
		phys = parquet.Type_BYTE_ARRAY
		e.LogicalType.STRING = parquet.NewStringType()
		e.ConvertedType = parquet.ConvertedTypePtr(parquet.ConvertedType_UTF8)
	default:
		return nil, fault.New(fault.Internal, "%s values cannot be written as a result", c.Kind)
	}
	e.Type = &phys
	return e, nil
}

// marshal turns consecutive rows, given by their numbers, into the library's tables.
func (t Table) marshal(rows []any, h *schema.SchemaHandler) (*map[string]*layout.Table, error) {
	res := map[string]*layout.Table{}
	if len(rows) == 0 {
		return &res, nil
	}
	lo := rows[0].(int)
	for i := range t.Columns {
		path := h.GetRootInName() + common.PAR_GO_PATH_DELIMITER + h.Infos[i+1].InName
		tab := layout.NewEmptyTable()
		tab.Path = common.StrToPath(path)
		tab.MaxDefinitionLevel = 1
		tab.RepetitionType = parquet.FieldRepetitionType_OPTIONAL
		tab.Schema, tab.Info = h.SchemaElements[i+1], h.Infos[i+1]
		tab.Values = make([]any, len(rows))
		tab.RepetitionLevels = make([]int32, len(rows))
		tab.DefinitionLevels = make([]int32, len(rows))
		for j := range rows {
			if v := value(&t.Columns[i], lo+j); v != nil {
				tab.Values[j], tab.DefinitionLevels[j] = v, 1
			}
		}
		res[path] = tab
	}
	return &res, nil
}

// value is row i of a column in the library's types; nil for null.
func value(c *frame.Column, i int) any {
	if c.IsNull(i) {
		return nil
	}
	switch c.Kind {
	case frame.Bool:
		return c.I64[i] != 0
	case frame.Float:
		if math.IsNaN(c.F64[i]) {
			return nil
		}
		return c.F64[i]
	case frame.Date:
		return int32(c.I64[i])
	case frame.String:
		return string(c.Str(i))
	}
	return c.I64[i]
}
