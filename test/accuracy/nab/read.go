package nab

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Read returns the files of the benchmark that stand under dir (data/ and
// labels/combined_windows.json), sorted by name.
func Read(dir string) ([]*File, error) {
	text, err := os.ReadFile(filepath.Join(dir, "labels", "combined_windows.json"))
	if err != nil {
		return nil, err
	}
	var labels map[string][][2]string
	if err := json.Unmarshal(text, &labels); err != nil {
		return nil, fmt.Errorf("reading the labels: %w", err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "data", "*", "*.csv"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var files []*File
	for _, p := range paths {
		name := filepath.ToSlash(filepath.Join(filepath.Base(filepath.Dir(p)), filepath.Base(p)))
		f, err := readFile(p, name, labels[name])
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		files = append(files, f)
	}
	return files, nil
}

func readFile(path, name string, windows [][2]string) (*File, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return nil, err
	}
	f := &File{Name: name}
	at := map[string]int{}
	for i, row := range rows[1:] {
		v, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+2, err)
		}
		if _, dup := at[row[0]]; !dup {
			at[row[0]] = i
		}
		f.Stamps, f.Values = append(f.Stamps, row[0]), append(f.Values, v)
	}
	for _, w := range windows {
		var span [2]int
		for k, stamp := range w {
			i, ok := at[strings.TrimSuffix(stamp, ".000000")]
			if !ok {
				return nil, fmt.Errorf("no row at the window's edge %s", stamp)
			}
			span[k] = i
		}
		f.Windows = append(f.Windows, span)
	}
	return f, nil
}
