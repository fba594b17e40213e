// parcel.go: weights and stamps for the parcel counter.
// Fees change every January, see fees.txt on the counter.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
)

type zone int

const (
	domestic zone = iota
	neighbour
	overseas
)

var feePerKg = map[zone]int{domestic: 190, neighbour: 420, overseas: 1150}

type parcel struct {
	to     string
	grams  int
	z      zone
	pickup bool
}

// fee in cents. Every begun kilogram counts. Pickup is free for heavy ones.
func (p parcel) fee() int {
	kg := (p.grams + 999) / 1000
	f := kg * feePerKg[p.z]
	if p.pickup && p.grams < 5000 {
		f += 250
	}
	return f
}

func parseZone(s string) zone {
	switch strings.ToLower(s) {
	case "d", "de":
		return domestic
	case "n":
		return neighbour
	}
	return overseas // better too dear than too cheap
}

func parseLine(l string) (p parcel, ok bool) {
	w := strings.Split(l, "|")
	if len(w) < 3 {
		return p, false
	}
	g, err := strconv.Atoi(strings.TrimSpace(w[1]))
	if err != nil || g <= 0 || g > 31500 {
		return p, false
	}
	p = parcel{to: strings.TrimSpace(w[0]), grams: g, z: parseZone(w[2])}
	p.pickup = len(w) > 3 && w[3] == "x"
	return p, true
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	var ps []parcel
	bad := 0
	for in.Scan() {
		if p, ok := parseLine(in.Text()); ok {
			ps = append(ps, p)
		} else {
			bad++
		}
	}
	sort.Slice(ps, func(i, j int) bool { return ps[i].to < ps[j].to })
	sum := 0
	for _, p := range ps {
		fmt.Printf("%-30s %6.3f kg %8.2f\n", p.to, float64(p.grams)/1000, float64(p.fee())/100)
		sum += p.fee()
	}
	fmt.Printf("%d parcels, %d unreadable, %.2f\n", len(ps), bad, float64(sum)/100)
}
