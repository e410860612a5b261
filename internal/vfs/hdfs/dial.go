package hdfs

import (
	"bufio"
	"context"
	"net"
	"os/user"
	"strings"
	"time"

	"github.com/colinmarc/hdfs/v2"
	"github.com/colinmarc/hdfs/v2/hadoopconf"

	"github.com/ecomctl/ecomctl/internal/fault"
)

const (
	dialTimeout = 10 * time.Second
	callTimeout = 60 * time.Second // of any single answer
	namePort    = "8020"           // of name nodes, when none is given
)

// client returns the connection to the cluster of an authority ("user@host:port", a name
// service, or "" for the default of the configuration).
func (f *FS) client(authority string) (*hdfs.Client, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.clients[authority]; c != nil {
		return c, nil
	}
	if f.conf == nil && f.opt.ConfDir != "" {
		conf, err := hadoopconf.Load(f.opt.ConfDir)
		if err != nil {
			return nil, fault.New(fault.Usage, "reading the Hadoop configuration in %s: %w", f.opt.ConfDir, err).WithHint("HADOOP_CONF_DIR names the folder with core-site.xml and hdfs-site.xml")
		}
		f.conf = conf
	}
	name, host, ok := strings.Cut(authority, "@")
	if !ok {
		name, host = f.opt.User, authority
	}
	opt := hdfs.ClientOptionsFromConf(f.conf)
	opt.Addresses = addresses(f.conf, host)
	if len(opt.Addresses) == 0 {
		return nil, fault.New(fault.Usage, "opening %s: no name node is named", whole(authority, "/")).
			WithHint("write hdfs://host:port/path, or set HADOOP_CONF_DIR to a folder whose core-site.xml has fs.defaultFS")
	}
	opt.NamenodeDialFunc, opt.DatanodeDialFunc = dial, dialData
	if err := f.authenticate(&opt, name); err != nil {
		return nil, err
	}
	c, err := hdfs.NewClient(opt)
	if err != nil && opt.KerberosClient != nil && strings.Contains(err.Error(), "SASL handshake") {
		return nil, noTicket(short(err), "see whether the ticket is for this cluster's realm, and dfs.namenode.kerberos.principal is the name node's")
	}
	if err != nil {
		return nil, unreachable(opt.Addresses, err)
	}
	f.clients[authority] = c
	return c, nil
}

func unreachable(addresses []string, err error) error {
	return fault.New(fault.Unavailable, "connecting to the name node %s: %w", strings.Join(addresses, ", "), err).
		WithHint("check host and port (fs.defaultFS in core-site.xml), and that the name node runs and can be reached from here")
}

// addresses lists the name nodes of a host or a name service.
func addresses(conf hadoopconf.HadoopConf, host string) []string {
	if host == "" {
		host = strings.TrimPrefix(strings.TrimSuffix(conf["fs.defaultFS"], "/"), Scheme)
	}
	if host == "" || strings.Contains(host, "/") {
		return nil
	}
	if nodes := conf["dfs.ha.namenodes."+host]; nodes != "" {
		var out []string
		for _, n := range strings.Split(nodes, ",") {
			if a := conf["dfs.namenode.rpc-address."+host+"."+strings.TrimSpace(n)]; a != "" {
				out = append(out, a)
			}
		}
		return out
	}
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), namePort)
	}
	return []string{host}
}

// systemUser is who runs this program.
func systemUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "hdfs"
}

// dial connects within a time, and gives every read and write of the connection one.
func dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &timedConn{Conn: c}, nil
}

// headBytes is enough for the head and the checksums of a packet of a data node, which the client
// reads in small bites.
const headBytes = 4 << 10

// aheadBytes is what a data node may send before it is asked for: readers are left standing where
// their column ends, and what was sent beyond is lost.
const aheadBytes = 1 << 20

// dialData is dial for data nodes.
func dialData(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if tcp, ok := c.(*timedConn).Conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(aheadBytes) // a wish
	}
	return &headConn{Conn: c, r: bufio.NewReaderSize(c, headBytes)}, nil
}

// headConn reads small bites from a buffer and large ones past it.
type headConn struct {
	net.Conn
	r *bufio.Reader
}

func (c *headConn) Read(b []byte) (int, error) { return c.r.Read(b) }

// timedConn is a connection of which no read or write waits for longer than callTimeout.
type timedConn struct{ net.Conn }

func (c *timedConn) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(soon()); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *timedConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(soon()); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// soon is the deadline of a read or write that begins now.
func soon() time.Time { return time.Now().Add(callTimeout) } //nolint:forbidigo // sockets want a time of the system's clock

// SetDeadline implements net.Conn: deadlines are the connection's own.
func (c *timedConn) SetDeadline(time.Time) error { return nil }
