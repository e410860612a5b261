package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// TestWithoutTheLibrary renders as a binary made by go install does: the page links
// the library, and the policy admits that one address and nothing else.
func TestWithoutTheLibrary(t *testing.T) {
	var b bytes.Buffer
	if err := renderWith(&b, &Document{Lang: "en"}, library{}); err != nil {
		t.Fatal(err)
	}
	pg := b.String()
	if !strings.Contains(pg, `<script src="`+RemoteLibrary+`">`) {
		t.Error("the page does not link the library")
	}
	head, _, _ := strings.Cut(pg, "</head>")
	if !strings.Contains(head, RemoteLibrary) || strings.Contains(head, "https://*") {
		t.Error("the policy does not admit exactly the library's address")
	}
	if n := strings.Count(pg, "https://"); n != 2 {
		t.Errorf("%d addresses in the page, want the library's in the policy and in the link", n)
	}
}

func TestDamagedLibraryIsAnError(t *testing.T) {
	want := errors.New("damaged")
	if err := renderWith(&bytes.Buffer{}, &Document{}, library{err: want}); !errors.Is(err, want) {
		t.Errorf("got %v, want the library's error", err)
	}
}

// failing refuses to be written to.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrorsReachTheCaller(t *testing.T) {
	if err := renderWith(failing{}, &Document{}, library{}); err == nil || !strings.Contains(err.Error(), "writing the page: disk full") {
		t.Errorf("got %v", err)
	}
	if err := WriteJSON(failing{}, &Document{}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v", err)
	}
}
