package quality

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as JUnit XML: a suite named after the input, a test a
// rule. A warning is a test that passes and says so in its output.
func (r *Report) JUnit(w io.Writer, input string) error {
	suite := junitSuite{Name: xmlText(input), Tests: len(r.Outcomes), Failures: r.Count(Fail), Skipped: r.Count(Skipped)}
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		c := junitCase{Class: "ecomctl.validate", Name: xmlText(o.Rule.Name)}
		summary := fmt.Sprintf("%d of %d rows break %s", o.Failed, o.Checked, o.Rule.Name)
		switch o.Status {
		case Fail:
			c.Failure = &junitMessage{Message: xmlText(summary), Type: o.Rule.Type, Text: xmlText(o.message())}
		case Skipped:
			c.Skipped = &junitMessage{Message: xmlText(o.Why)}
		case Warn:
			c.Out = xmlText("warning: " + summary + "\n" + o.message())
		}
		suite.Cases = append(suite.Cases, c)
	}
	doc := junitSuites{Name: "ecomctl validate", Tests: suite.Tests, Failures: suite.Failures, Skipped: suite.Skipped, Suites: []junitSuite{suite}}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fault.Wrap(err, "writing JUnit XML")
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return fault.Wrap(err, "writing JUnit XML")
	}
	_, err := io.WriteString(w, "\n")
	return fault.Wrap(err, "writing JUnit XML")
}

// xmlText drops what XML 1.0 cannot hold.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 {
			return r
		}
		return '\uFFFD'
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
