// bundle groups parcels for one van: the heaviest first, into the fullest
// crate that still takes them, and never more than `stops` addresses a crate.
func bundle(parcels []parcel, crateGrams, stops int) ([][]parcel, error) {
	order := make([]parcel, len(parcels))
	copy(order, parcels)
	sort.SliceStable(order, func(a, b int) bool { return order[a].grams > order[b].grams })
	type crate struct {
		load      int
		addresses map[string]bool
		inside    []parcel
	}
	var crates []*crate
	for _, item := range order {
		if item.grams > crateGrams {
			return nil, fmt.Errorf("%s: %d g fits no crate", item.to, item.grams)
		}
		var best *crate
		for _, c := range crates {
			full := c.load+item.grams > crateGrams
			crowded := len(c.addresses) >= stops && !c.addresses[item.to]
			if full || crowded {
				continue
			}
			if best == nil || c.load > best.load {
				best = c
			}
		}
		if best == nil {
			best = &crate{addresses: map[string]bool{}}
			crates = append(crates, best)
		}
		best.load += item.grams
		best.addresses[item.to] = true
		best.inside = append(best.inside, item)
	}
	packed := make([][]parcel, 0, len(crates))
	for _, c := range crates {
		packed = append(packed, c.inside)
	}
	return packed, nil
}

