package analysis

import (
	"errors"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// TestAnomalyMemory refuses points that do not fit, names them, and takes those that do.
func TestAnomalyMemory(t *testing.T) {
	p := &timeline{series: []timeSeries{{y: make([]float64, 600)}, {y: make([]float64, 400)}}}
	for memory, fits := range map[int64]bool{0: true, 1000 * pointBytes: true, 1000*pointBytes - 1: false} {
		err := p.fits(memory)
		var f *fault.Error
		if fits != (err == nil) || err != nil && (!errors.As(err, &f) || f.Kind != fault.Full) {
			t.Errorf("1,000 points in %d bytes: %v", memory, err)
		}
	}
}
