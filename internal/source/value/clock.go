package value

// clock reads the time of day after a date, as microseconds, and an offset
// from UTC. compact allows 150405.
func clock(s []byte, compact bool) (us, off int64, zone, ok bool) {
	if compact && len(s) == 6 && num(s) >= 0 {
		h, m, sec := num(s[:2]), num(s[2:4]), num(s[4:])
		return (int64(h)*3600 + int64(m)*60 + int64(sec)) * 1e6, 0, false, h < 24 && m < 60 && sec < 60
	}
	h, m, sec, frac, s, ok := hms(clockStart(s))
	if !ok {
		return 0, 0, false, false
	}
	s = trimLeft(s)
	if len(s) >= 2 && s[1]|0x20 == 'm' && (s[0]|0x20 == 'a' || s[0]|0x20 == 'p') {
		if h < 1 || h > 12 {
			return 0, 0, false, false
		}
		if h %= 12; s[0]|0x20 == 'p' {
			h += 12
		}
		s = trimLeft(s[2:])
	}
	if h > 23 || m > 59 || sec > 59 {
		return 0, 0, false, false
	}
	if len(s) > 0 {
		if off, ok = zoneOffset(s); !ok {
			return 0, 0, false, false
		}
		zone = true
	}
	return (int64(h)*3600+int64(m)*60+int64(sec))*1e6 + frac, off, zone, true
}

func trimLeft(s []byte) []byte {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	return s
}

// clockStart passes over what is between a date and a clock; nil when there is nothing that could be.
func clockStart(s []byte) []byte {
	switch {
	case s[0] == 'T' || s[0] == 't' || s[0] == '_':
		return s[1:]
	case s[0] == ' ' || s[0] == ',':
		for len(s) > 0 && (s[0] == ' ' || s[0] == ',') {
			s = s[1:]
		}
		return s
	case s[0] >= '0' && s[0] <= '9': // after 日
		return s
	}
	return nil
}

// hms reads 15:04, 15:04:05.999 and 15时04分05秒, each part of one or two digits.
func hms(s []byte) (h, m, sec int, frac int64, rest []byte, ok bool) {
	if h, s, ok = upTo2(s); !ok {
		return
	}
	marks := [3]string{":", ":", ""}
	if len(s) >= 3 && s[0] >= 0x80 {
		marks = [3]string{"时", "分", "秒"}
		if string(s[:3]) == "点" {
			marks[0] = "点"
		}
	}
	if s, ok = after(s, marks[0]); !ok {
		return
	}
	if m, s, ok = upTo2(s); !ok {
		return
	}
	chinese := marks[2] != ""
	more := len(s) > 0 && s[0] == ':'
	if chinese || more {
		if s, ok = after(s, marks[1]); !ok {
			return
		}
		more = !chinese || len(s) > 0
	}
	if !more {
		return h, m, 0, 0, s, true
	}
	if sec, s, ok = upTo2(s); !ok {
		return
	}
	if len(s) > 0 && (s[0] == '.' || s[0] == ',') {
		if frac, s, ok = fraction(s[1:]); !ok {
			return
		}
	}
	s, ok = after(s, marks[2])
	return h, m, sec, frac, s, ok
}

// after returns what follows a mark that s must begin with.
func after(s []byte, mark string) ([]byte, bool) {
	if len(s) < len(mark) || string(s[:len(mark)]) != mark {
		return nil, false
	}
	return s[len(mark):], true
}

func upTo2(s []byte) (int, []byte, bool) {
	i, x := 0, 0
	for i < len(s) && i < 2 && s[i]-'0' <= 9 {
		x = x*10 + int(s[i]-'0')
		i++
	}
	return x, s[i:], i > 0
}

// fraction reads up to 9 digits after the point, as microseconds; what is
// finer is cut off.
func fraction(s []byte) (int64, []byte, bool) {
	i, v := 0, int64(0)
	for i < len(s) && s[i]-'0' <= 9 {
		if i < 6 {
			v = v*10 + int64(s[i]-'0')
		}
		i++
	}
	for k := i; k < 6; k++ {
		v *= 10
	}
	return v, s[i:], i > 0 && i <= 9
}

// zoneOffset reads Z, UTC, GMT, +08, +0800, +08:00 as microseconds.
func zoneOffset(s []byte) (int64, bool) {
	if foldEqual(s, "z") || foldEqual(s, "utc") || foldEqual(s, "gmt") {
		return 0, true
	}
	if len(s) > 3 && (foldEqual(s[:3], "utc") || foldEqual(s[:3], "gmt")) {
		s = s[3:]
	}
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	h, m := num(s[1:3]), 0
	switch {
	case len(s) == 5:
		m = num(s[3:])
	case len(s) == 6 && s[3] == ':':
		m = num(s[4:])
	case len(s) != 3:
		return 0, false
	}
	if h < 0 || h > 15 || m < 0 || m > 59 {
		return 0, false
	}
	off := (int64(h)*3600 + int64(m)*60) * 1e6
	if s[0] == '-' {
		off = -off
	}
	return off, true
}
