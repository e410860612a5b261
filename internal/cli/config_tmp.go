package cli

type settings struct {
	Preset, Products, Customers, TZ, Currency, Lang, Memory, MaxRejects, Engine, Where string
	Threads                                                                            int
	RejectFree                                                                         bool
	Map                                                                                map[string]string
	Input                                                                              []string
	VoidStatuses                                                                       []string
}

func loadConfig(a *App, path string, flags map[string]string) (*settings, error) {
	return &settings{}, nil
}
