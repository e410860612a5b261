package hdfs

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/colinmarc/hdfs/v2"
	krb "github.com/jcmturner/gokrb5/v8/client"
	krbconfig "github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// secured reports whether the configuration asks for Kerberos, and refuses one that cannot work.
func (f *FS) secured() (bool, error) {
	switch mode := strings.ToLower(f.conf["hadoop.security.authentication"]); mode {
	case "", "simple":
		return false, nil
	case "kerberos":
	default:
		return false, fault.New(fault.Usage, "reading the Hadoop configuration in %s: hadoop.security.authentication is %q", f.opt.ConfDir, mode).WithHint("simple and kerberos are known")
	}
	if f.conf["dfs.namenode.kerberos.principal"] == "" {
		return false, fault.New(fault.Usage, "reading the Hadoop configuration in %s: Kerberos is asked for, but dfs.namenode.kerberos.principal is not set", f.opt.ConfDir).
			WithHint("copy hdfs-site.xml of the cluster there; the property looks like nn/_HOST@REALM")
	}
	for _, q := range strings.Split(f.conf["dfs.data.transfer.protection"], ",") {
		switch strings.ToLower(strings.TrimSpace(q)) {
		case "", "authentication", "integrity", "privacy":
		default:
			return false, fault.New(fault.Usage, "reading the Hadoop configuration in %s: dfs.data.transfer.protection %q is unknown", f.opt.ConfDir, q).WithHint("authentication, integrity and privacy are known")
		}
	}
	return true, nil
}

// authenticate chooses who speaks to the cluster: the ticket, or the name.
func (f *FS) authenticate(opt *hdfs.ClientOptions, name string) error {
	secured, err := f.secured()
	if err != nil {
		return err
	}
	if !secured {
		opt.KerberosClient = nil
		if opt.User = name; name == "" {
			opt.User = systemUser()
		}
		return nil
	}
	opt.KerberosClient, err = f.kerberos()
	return err
}

// kerberos logs in by the keytab, where one is named, else by the ticket cache.
func (f *FS) kerberos() (*krb.Client, error) {
	conf, err := krbconfig.Load(f.opt.KerberosConfig)
	if err != nil {
		return nil, noTicket(fmt.Errorf("%s: %w", f.opt.KerberosConfig, err), "KRB5_CONFIG names the file krb5.conf")
	}
	if f.opt.KerberosKeytab != "" {
		return byKeytab(strings.TrimPrefix(f.opt.KerberosKeytab, "FILE:"), conf)
	}
	return byCache(f.opt.KerberosCache, conf)
}

func noTicket(err error, hint string) error {
	return fault.New(fault.Auth, "logging in to HDFS by Kerberos: %w", err).WithHint("%s", hint)
}

const kinit = "run kinit; KRB5CCNAME names the ticket cache, KRB5_CLIENT_KTNAME a keytab to be used instead"

// byKeytab asks for a ticket for the first principal of a keytab.
func byKeytab(name string, conf *krbconfig.Config) (_ *krb.Client, err error) {
	defer damaged(&err, name)
	kt, err := keytab.Load(name)
	if err != nil {
		return nil, noTicket(fmt.Errorf("%s: %w", name, err), "KRB5_CLIENT_KTNAME names a keytab")
	}
	if len(kt.Entries) == 0 {
		return nil, noTicket(fmt.Errorf("%s: the keytab is empty", name), "write one by ktutil or kadmin ktadd")
	}
	who := kt.Entries[0].Principal
	c := krb.NewWithKeytab(strings.Join(who.Components, "/"), who.Realm, kt, conf, krb.DisablePAFXFAST(true))
	if err := c.Login(); err != nil {
		return nil, noTicket(fmt.Errorf("%s as %s@%s: %w", name, strings.Join(who.Components, "/"), who.Realm, short(err)), "see whether the key distribution centre of krb5.conf answers, and whether the keytab is the present one")
	}
	return c, nil
}

// byCache takes the ticket that kinit left.
func byCache(name string, conf *krbconfig.Config) (_ *krb.Client, err error) {
	if kind, _, ok := strings.Cut(name, ":"); ok && kind != "FILE" && len(kind) > 1 {
		return nil, noTicket(fmt.Errorf("the ticket cache %s is of the kind %s", name, kind), "only files are read: export KRB5CCNAME=FILE:/path and run kinit again")
	}
	name = strings.TrimPrefix(name, "FILE:")
	defer damaged(&err, name)
	cache, err := credentials.LoadCCache(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, noTicket(fmt.Errorf("there is no ticket cache %s", name), kinit)
	}
	if err != nil {
		return nil, noTicket(fmt.Errorf("%s: %w", name, err), kinit)
	}
	realm := cache.GetClientRealm()
	for _, e := range cache.GetEntries() {
		if s := e.Server.PrincipalName.NameString; len(s) == 2 && s[0] == "krbtgt" && s[1] == realm && !e.EndTime.After(now()) {
			return nil, noTicket(fmt.Errorf("the ticket in %s ended at %s", name, e.EndTime.UTC().Format("2006-01-02 15:04 UTC")), kinit)
		}
	}
	c, err := krb.NewFromCCache(cache, conf, krb.DisablePAFXFAST(true))
	if err != nil {
		return nil, noTicket(fmt.Errorf("%s: %w", name, err), kinit)
	}
	return c, nil
}

// damaged turns a panic over a damaged file into an error.
func damaged(err *error, name string) {
	if p := recover(); p != nil {
		*err = noTicket(fmt.Errorf("%s is damaged", name), kinit)
	}
}

// short keeps the last line of what the library says, which is the cause.
func short(err error) error {
	s := strings.TrimSpace(err.Error())
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		s = s[i+1:]
	}
	return errors.New(s)
}

// now is the time that tickets are judged by.
func now() time.Time { return time.Now() } //nolint:forbidigo // tickets end by the system's clock
