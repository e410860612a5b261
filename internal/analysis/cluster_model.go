package analysis

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Format and version of the files of --save. The version rises when an older program could
// not read a file rightly.
const (
	clusterFormat  = "ecomctl-cluster"
	clusterVersion = 1
)

// clusterModel is all that --apply needs. JSON numbers keep every bit of a float64.
type clusterModel struct {
	Format   string       `json:"format"`
	Version  int          `json:"version"`
	Table    string       `json:"table"` // "orders" or "table"
	Features []string     `json:"features"`
	Scale    clusterScale `json:"scale"`
	// Fill are the medians that stand for missing values; null: such rows have no cluster.
	Fill []float64 `json:"fill"`
	// Centroids are in scaled columns, by cluster.
	Centroids [][]float64 `json:"centroids"`
	// Profile tells how far the mean of each cluster lies from that of all rows, in standard
	// deviations of the scaled column.
	Profile [][]float64 `json:"profile"`
	Sizes   []int64     `json:"sizes"`
	Inertia float64     `json:"inertia"`
	Rows    int         `json:"rows"`
	AsOf    string      `json:"as_of,omitempty"`
	Seed    int64       `json:"seed"`
}

func (m *clusterModel) encode() ([]byte, error) {
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, fault.New(fault.Internal, "writing the clusters: %w", err)
	}
	return append(b, '\n'), nil
}

// readClusterModel reads a file of --save and checks every part of it.
func readClusterModel(data []byte, path string) (*clusterModel, error) {
	bad := func(format string, args ...any) error {
		return fault.Wrap(fault.New(fault.Input, format, args...).WithHint("make a new one with: ecomctl cluster INPUT --save FILE"), "--apply %s", path)
	}
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil || head.Format != clusterFormat {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) && bytes.Contains(data, []byte(clusterFormat)) {
			return nil, bad("the file is damaged at byte %d: %s", syntax.Offset, syntax.Error())
		}
		return nil, bad("not a file of cluster --save")
	}
	if head.Version != clusterVersion {
		return nil, bad("version %d; this program reads version %d", head.Version, clusterVersion)
	}
	m := &clusterModel{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(m); err != nil {
		return nil, bad("the file is damaged: %s", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, bad("the file is damaged: something follows its end")
	}
	if what := m.fault(); what != "" {
		return nil, bad("the file is damaged: %s", what)
	}
	return m, nil
}

// fault says which part contradicts the others; "" when none does.
func (m *clusterModel) fault() string {
	d, k := len(m.Features), len(m.Centroids)
	switch {
	case m.Table != "orders" && m.Table != "table":
		return "table is " + m.Table
	case d == 0 || k == 0 || k > mostClusters:
		return "no features or no centroids"
	case len(m.Scale.Shift) != d || len(m.Scale.Factor) != d:
		return "scale does not fit the features"
	case m.Fill != nil && len(m.Fill) != d:
		return "fill does not fit the features"
	case len(m.Profile) != k || len(m.Sizes) != k:
		return "profile or sizes do not fit the centroids"
	}
	switch m.Scale.Method {
	case "log", "standard", "robust", "none":
	default:
		return "unknown scale " + m.Scale.Method
	}
	for _, f := range m.Scale.Factor {
		if !(f > 0) {
			return "a scale factor is not positive"
		}
	}
	for c := range m.Centroids {
		if len(m.Centroids[c]) != d || len(m.Profile[c]) != d {
			return "a centroid does not fit the features"
		}
		for _, v := range m.Centroids[c] {
			if math.Abs(v) > 1e140 {
				return "a centroid is beyond ±1e140"
			}
		}
	}
	return ""
}
