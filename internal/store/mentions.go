package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// mention is a row that holds an id in a text.
type mention struct {
	owner, row int64 // import and row of a reject; run of a result
	name       string
}

// mentions are the rejects and results that hold an id.
type mentions struct{ rejects, results []mention }

// mentions looks into the texts. Nothing tells which value of a rejected row is the customer's, so any that equals the id counts.
func (s *Store) mentions(ctx context.Context, tx *sql.Tx, id string) (*mentions, error) {
	m := &mentions{}
	err := texts(ctx, tx, "SELECT import_id, row_no, '', raw, '{}' FROM rejects", "raw", id, func(k mention, raw, _ string) error {
		found, err := mentioned(raw, id)
		if found {
			m.rejects = append(m.rejects, k)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = texts(ctx, tx, "SELECT run_id, 0, name, params, body FROM results", "CONCAT(params, body)", id, func(k mention, params, body string) error {
		found, err := mentioned(body, id)
		if found || hasWord(params, id) {
			m.results = append(m.results, k)
		}
		return err
	})
	return m, err
}

// texts reads the rows whose text may hold an id: the database leaves those out that do not hold its letters, where JSON writes them as they
// are.
func texts(ctx context.Context, tx *sql.Tx, query, text, id string, fn func(k mention, a, b string) error) error {
	var args []any
	if plain, err := json.Marshal(id); err == nil && string(plain) == `"`+id+`"` {
		query += " WHERE INSTR(" + text + ", ?) > 0"
		args = append(args, id)
	}
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		var k mention
		var a, b string
		err := rows.Scan(&k.owner, &k.row, &k.name, &a, &b)
		if err == nil {
			err = fn(k, a, b)
		}
		if err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// mentioned reports whether a value of a JSON text is an id.
func mentioned(text, id string) (bool, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return false, fault.New(fault.Input, "a stored text is no JSON: %w", err).WithHint("compare with a backup: somebody changed the tables")
	}
	return holds(v, id), nil
}

func holds(v any, id string) bool {
	switch v := v.(type) {
	case string:
		return sameID(v, id)
	case json.Number:
		return sameID(v.String(), id)
	case []any:
		for _, e := range v {
			if holds(e, id) {
				return true
			}
		}
	case map[string]any:
		for key, e := range v {
			line, ok := e.(string)
			if holds(e, id) || key == "" && ok && hasWord(line, id) { // a row that could not be cut into columns
				return true
			}
		}
	}
	return false
}

// sameID compares a value as it was read with an id: spaces around it and the fraction of a whole double are no part of that.
func sameID(v, id string) bool {
	if v = strings.TrimSpace(v); v == id {
		return true
	}
	f, err := strconv.ParseFloat(v, 64)
	return err == nil && string(appendFloat(nil, f)) == id
}

// hasWord reports whether an id stands in a text with no letter or digit beside it.
func hasWord(text, id string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], id)
		if i < 0 || id == "" {
			return false
		}
		at += i
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(id):])
		if !wordRune(before) && !wordRune(after) {
			return true
		}
		at += len(id)
	}
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
