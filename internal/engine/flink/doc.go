// Package flink runs windows on a cluster of Apache Flink. It is the only package that knows Flink's two services: the
// SQL Gateway, which takes statements and starts jobs, and the JobManager's REST, which tells how jobs do.
//
//	Script ─▶ Gateway: version, session, one statement after the other ─▶ id of the job
//	Cluster: jobs, checkpoints, restarts, last failure; cancel, stop with a savepoint
//
// Every call has a deadline. Calls that change nothing are tried again for a while when a service does not answer;
// a statement is sent once, for a second time could start a second job.
package flink
