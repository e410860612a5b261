package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// LogFile is the end of one of a container's log files.
type LogFile struct {
	Container, Name string
	Bytes           int64 // of the whole file
	Tail            string
}

// logKinds are the files worth reading, the most telling first.
var logKinds = []string{"stderr", "stdout", "syslog", "prelaunch.err"}

// maxLogList bounds the list of a container's files.
const maxLogList = 1 << 20

// Logs returns the end, of at most bytes each, of the log files of the application's master, those of the last attempt. They are
// asked of the node that ran it, which keeps them for a time (yarn.nodemanager.log.retain-seconds), and not any more once log
// aggregation has moved them: then the error says how to get at them.
func (c *Client) Logs(ctx context.Context, a *App, bytes int64) ([]LogFile, error) {
	node, container, err := c.master(ctx, a)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Info logInfos `json:"containerLogsInfo"`
	}
	list, err := c.fetch(ctx, node+"/ws/v1/node/containers/"+container+"/logs", maxLogList)
	if err == nil {
		err = json.Unmarshal(list, &doc)
	}
	if err != nil {
		return nil, c.noLogs(a, err)
	}
	sizes := map[string]int64{}
	for _, f := range doc.Info.files() {
		sizes[f.Name] = f.Size
	}
	var out []LogFile
	for _, name := range logKinds {
		if sizes[name] == 0 {
			continue
		}
		text, err := c.fetch(ctx, fmt.Sprintf("%s/ws/v1/node/containers/%s/logs/%s?size=-%d", node, container, url.PathEscape(name), bytes), bytes+4096)
		if err != nil {
			return nil, c.noLogs(a, err)
		}
		out = append(out, LogFile{Container: container, Name: name, Bytes: sizes[name], Tail: unwrap(string(text))})
	}
	return out, nil
}

// logInfos is one object or a list of them: with log aggregation the node tells of both places.
type logInfos []struct {
	List []struct {
		Name string      `json:"fileName"`
		Size json.Number `json:"fileSize"`
	} `json:"containerLogInfo"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *logInfos) UnmarshalJSON(b []byte) error {
	type list logInfos
	if len(b) > 0 && b[0] == '{' {
		b = append(append([]byte{'['}, b...), ']')
	}
	return json.Unmarshal(b, (*list)(l))
}

type logSize struct {
	Name string
	Size int64
}

func (l logInfos) files() []logSize {
	var out []logSize
	for _, one := range l {
		for _, f := range one.List {
			n, err := f.Size.Int64()
			if err == nil {
				out = append(out, logSize{f.Name, n})
			}
		}
	}
	return out
}

// master finds the node and the container of the last attempt's master.
func (c *Client) master(ctx context.Context, a *App) (node, container string, err error) {
	var doc struct {
		Attempts struct {
			Attempt []struct {
				ID        int64  `json:"id"`
				Container string `json:"containerId"`
				Node      string `json:"nodeHttpAddress"`
				Logs      string `json:"logsLink"`
			} `json:"appAttempt"`
		} `json:"appAttempts"`
	}
	if err := c.get(ctx, "asking for the attempts of "+a.ID, "apps/"+a.ID+"/appattempts", &doc); err != nil {
		return "", "", err
	}
	list := doc.Attempts.Attempt
	sort.Slice(list, func(i, j int) bool { return list[i].ID > list[j].ID })
	for _, t := range list {
		if t.Container == "" || t.Node == "" || !strings.HasPrefix(t.Container, "container_") || strings.ContainsAny(t.Container, "/?#") {
			continue
		}
		scheme := "http"
		if strings.HasPrefix(t.Logs, "https:") {
			scheme = "https"
		}
		return scheme + "://" + t.Node, t.Container, nil
	}
	return "", "", fault.New(fault.NotFound, "%s never had a container, so there is no log", a.ID)
}

func (c *Client) noLogs(a *App, err error) error {
	if ctxErr := err; fault.KindOf(ctxErr) == fault.Interrupted {
		return err
	}
	return fault.New(fault.NotFound, "reading the log of %s: %w", a.ID, err).WithHint("where logs are aggregated: yarn logs -applicationId %s", a.ID)
}

// fetch reads at most limit bytes of a node's answer.
func (c *Client) fetch(ctx context.Context, at string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, fault.New(fault.Input, "%w", err)
	}
	req.Header.Set("Accept", "application/json, text/plain")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "%w", err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, limit))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "%w", err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, fault.New(fault.NotFound, "%s answers %s", req.URL.Host, res.Status)
	}
	return b, nil
}

// unwrap takes a log's content out of the head and foot that the node puts around it.
func unwrap(s string) string {
	if strings.HasPrefix(s, "Container: ") {
		if _, body, ok := strings.Cut(s, "\nLogContents:\n"); ok {
			s = body
		}
	}
	if i := strings.LastIndex(s, "\nEnd of LogType:"); i >= 0 {
		s = s[:i]
	} else if i := strings.LastIndex(s, "End of LogType:"); i >= 0 && len(s)-i < 400 {
		s = s[:i]
	}
	return strings.TrimRight(s, "\n")
}

// LastLines returns the last n lines of a text.
func LastLines(s string, n int) []string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines[max(0, len(lines)-n):]
}
