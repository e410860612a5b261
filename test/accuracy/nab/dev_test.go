package nab

import ("testing";"os")

func TestDev(t *testing.T) {
	files, err := Read("/work/shared/data/nab")
	if err != nil { t.Fatal(err) }
	var s [][]float64
	for _, f := range files { s = append(s, WindowedGaussian(f)); t.Log(f.Name, len(f.Values), f.Windows) }
	for _, p := range Profiles { t.Logf("WG %s %+v", p.Name, Score(files, s, p)) }
	_ = os.Args
}
