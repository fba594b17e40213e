// Package routes remembers which lock-keeper answered for which canal reach,
// and forgets the ones that were not asked for lately.
package routes

import (
	"container/list"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrStale means that the keeper was known once and is too old to be trusted.
var ErrStale = errors.New("routes: entry is stale")

// Keeper is who opens the gates of one reach.
type Keeper struct {
	Name    string
	Channel int
	Since   time.Time
}

type slot struct {
	reach   string
	keeper  Keeper
	touched time.Time
	misses  int
}

// Cache holds at most `room` reaches. It is safe for use by many goroutines.
type Cache struct {
	mu      sync.Mutex
	room    int
	shelf   *list.List
	byReach map[string]*list.Element
	maxAge  time.Duration
	now     func() time.Time
}

// New makes an empty cache; a room below one is an error.
func New(room int, maxAge time.Duration, now func() time.Time) (*Cache, error) {
	if room < 1 {
		return nil, fmt.Errorf("routes: room %d, want at least 1", room)
	}
	if now == nil {
		now = time.Now
	}
	return &Cache{
		room:    room,
		shelf:   list.New(),
		byReach: make(map[string]*list.Element, room),
		maxAge:  maxAge,
		now:     now,
	}, nil
}

// Learn stores the keeper of a reach and pushes out the one asked least lately.
func (c *Cache) Learn(reach string, keeper Keeper) (evicted string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.byReach[reach]; ok {
		held := found.Value.(*slot)
		if keeper.Since.After(held.keeper.Since) {
			held.keeper = keeper
			held.misses = 0
		}
		held.touched = c.now()
		c.shelf.MoveToFront(found)
		return ""
	}
	c.byReach[reach] = c.shelf.PushFront(&slot{reach: reach, keeper: keeper, touched: c.now()})
	if c.shelf.Len() <= c.room {
		return ""
	}
	oldest := c.shelf.Back()
	gone := c.shelf.Remove(oldest).(*slot)
	delete(c.byReach, gone.reach)
	return gone.reach
}

// Ask finds the keeper of a reach. Three stale answers in a row forget it.
func (c *Cache) Ask(reach string) (Keeper, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.byReach[reach]
	if !ok {
		return Keeper{}, fmt.Errorf("routes: nobody keeps %q", reach)
	}
	held := found.Value.(*slot)
	if age := c.now().Sub(held.touched); age > c.maxAge {
		held.misses++
		if held.misses >= 3 {
			c.shelf.Remove(found)
			delete(c.byReach, reach)
		}
		return held.keeper, fmt.Errorf("%w: %s not seen for %s", ErrStale, reach, age)
	}
	held.touched = c.now()
	c.shelf.MoveToFront(found)
	return held.keeper, nil
}
