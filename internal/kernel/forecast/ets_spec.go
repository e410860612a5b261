package forecast

// ETSSpec is the form of an exponential smoothing model in the taxonomy of Hyndman, Koehler, Ord
// & Snyder, Forecasting with Exponential Smoothing (2008), chapter 2.
type ETSSpec struct {
	Error  byte // 'A' or 'M'
	Trend  byte // 'N' or 'A'
	Damped bool
	Season byte // 'N', 'A' or 'M'
}

// String returns the usual name: "ETS(M,Ad,N)".
func (s ETSSpec) String() string {
	trend := string(s.Trend)
	if s.Damped {
		trend += "d"
	}
	return "ETS(" + string(s.Error) + "," + trend + "," + string(s.Season) + ")"
}

// smoothers returns the number of smoothing parameters.
func (s ETSSpec) smoothers() int {
	n := 1
	if s.Trend != 'N' {
		n++
	}
	if s.Season != 'N' {
		n++
	}
	if s.Damped {
		n++
	}
	return n
}

// size returns the number of free numbers of the model with season m, the error's variance
// left out: smoothing parameters and initial states (seasonal ones are normalised, so m − 1).
func (s ETSSpec) size(m int) int {
	n := s.smoothers() + 1
	if s.Trend != 'N' {
		n++
	}
	if s.Season != 'N' {
		n += m - 1
	}
	return n
}

// etsForms lists the admissible forms that automatic choice tries: additive errors with
// multiplicative seasons have an infinite variance and are left out, as are multiplicative
// trends, whose forecasts run away (both as in ets() of R's forecast package).
func etsForms(positive, seasonal bool) []ETSSpec {
	var forms []ETSSpec
	for _, e := range []byte("AM") {
		if e == 'M' && !positive {
			continue
		}
		for _, trend := range []struct {
			kind   byte
			damped bool
		}{{'N', false}, {'A', false}, {'A', true}} {
			forms = append(forms, ETSSpec{e, trend.kind, trend.damped, 'N'})
			if !seasonal {
				continue
			}
			forms = append(forms, ETSSpec{e, trend.kind, trend.damped, 'A'})
			if e == 'M' {
				forms = append(forms, ETSSpec{e, trend.kind, trend.damped, 'M'})
			}
		}
	}
	return forms
}
