// Package spark answers plans on a Spark cluster: the relation and its questions are printed as Spark SQL (package sqlgen),
// sent to a Spark Connect server, and come back as Arrow. Rows never leave the cluster; what comes is the answers.
//
//	Client    one session on a server: statements, Arrow back, progress, interruption
//	Dataset   inputs as Spark sees them: their schema, no rows
//	Script    the statements of a plan: settings, views over the inputs, one SELECT a question
//	Engine    engine.Engine over these
package spark
