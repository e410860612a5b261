package kafka

import (
	"encoding/binary"
	"fmt"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
)

// TestOneReader: the whole topic goes to one member, the one that has read for longest, and members without partitions are
// told so.
func TestOneReader(t *testing.T) {
	member := func(id string, since uint64) kafkago.GroupMember {
		return kafkago.GroupMember{ID: id, Topics: []string{"orders"}, UserData: binary.BigEndian.AppendUint64(nil, since)}
	}
	parts := []kafkago.Partition{{Topic: "orders", ID: 0}, {Topic: "orders", ID: 1}, {Topic: "else", ID: 2}}
	for want, members := range map[string][]kafkago.GroupMember{
		"a": {member("b", 0), member("a", 0), member("c", 0)},
		"b": {member("a", 0), member("b", 7), member("c", 0)},
		"c": {member("c", 3), member("a", 0), member("b", 7)},
		"x": {{ID: "x", Topics: []string{"orders"}}},
	} {
		got := oneReader{}.AssignGroups(members, parts)
		if len(got) != len(members) {
			t.Fatalf("%v: %v", members, got)
		}
		for id, topics := range got {
			list := fmt.Sprint(topics["orders"])
			if all := list == "[0 1]"; all != (id == want) || !all && list != "[]" {
				t.Errorf("%s of %v was given %v, and %s should read", id, members, topics, want)
			}
		}
	}
}
