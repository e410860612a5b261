// Package cluster speaks with YARN: what runs and what is free, why an application waits,
// jobs that spark-submit brings to the cluster, and what settings suit the data and the room there is.
//
//	yarn-site.xml ─▶ Client ─REST─▶ ResourceManager: applications, queues, nodes ─▶ Why
//	SQL + script ─spark-submit─▶ application ─follow─▶ state, log's tail ─▶ done, failed or killed
//	Parquet footers + room ─▶ Tune ─▶ settings, each with its reason
//
// The REST is that of Hadoop 3 ("ResourceManager REST API's" of Apache Hadoop YARN). Every call has a deadline; what may
// pass (a ResourceManager that restarts or is on standby) is tried again for a bounded time.
package cluster
