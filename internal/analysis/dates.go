package analysis

import "time"

// dayTime returns midnight of a day counted from 1970-01-01.
func dayTime(day int64) time.Time { return time.Unix(day*86400, 0).UTC() }
