package flink

import (
	"regexp"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

var noFactory = regexp.MustCompile(`Could not find any factory for identifier '([^']+)'`)

// jars names what brings a connector or format.
var jars = map[string]string{
	"kafka": "flink-connector-kafka 3.4.0-1.20 with kafka-clients",
	"jdbc":  "flink-connector-jdbc-core and flink-connector-jdbc-mysql 3.3.0-1.20 with mysql-connector-j",
	"json":  "flink-json",
}

// remedy says of the messages of a failure what kind it is and what to do.
func remedy(causes []string) (fault.Kind, string) {
	all := strings.Join(causes, "\n")
	if m := noFactory.FindStringSubmatch(all); m != nil {
		jar := jars[m[1]]
		if jar == "" {
			jar = "the connector"
		}
		return fault.NotFound, "put " + jar + " into the lib folder of Flink, for the gateway and for the cluster alike, and start both anew"
	}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(all, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("ClassNotFoundException", "NoClassDefFoundError", "Cannot load user class"):
		return fault.NotFound, "a jar is missing where the class is wanted: the lib folders of gateway, JobManager and TaskManagers must hold the same connectors"
	case has("NoResourceAvailableException"):
		return fault.Full, "the cluster has no free slot: end another job (ecomctl flink status), or add TaskManagers"
	case has("UnknownTopicOrPartition"):
		return fault.NotFound, "is the topic's name right, and was it not deleted?"
	case has("TopicAuthorizationException", "GroupAuthorizationException", "Access denied for user"):
		return fault.Auth, "check the rights of the user"
	case has("Connection refused", "ConnectException", "UnknownHostException", "Could not establish connection", "Communications link failure", "TimeoutException"):
		return fault.Unavailable, "does the cluster reach JobManager, brokers and database under the same addresses as this machine? they stand in the SQL (--explain)"
	case has("SqlParserException", "SqlParseException", "SqlValidatorException", "CalciteContextException", "ValidationException", "TableException", "CodeGenException"):
		return fault.Internal, "this version of Flink does not take the SQL; see it with --explain"
	}
	return fault.Unavailable, "the log of the service says more"
}
