// Ships wait for a berth in order of tide window, draught and time of arrival.
// A ship whose window closes before it can be served is turned away at once,
// so that the harbour master never promises what the tide forbids.

export interface Ship {
  callSign: string;
  draughtDecimetres: number;
  arrivedAt: number;
  window: { opens: number; closes: number };
}

export interface Berth {
  id: string;
  depthDecimetres: number;
  freeFrom: number;
}

export type Decision =
  | { kind: "assigned"; ship: Ship; berth: Berth; from: number; until: number }
  | { kind: "waiting"; ship: Ship; ahead: number }
  | { kind: "refused"; ship: Ship; why: string };

const UNLOAD_MINUTES_PER_DECIMETRE = 3;
const SAFETY_DECIMETRES = 4;

function unloadMinutes(ship: Ship): number {
  return 45 + ship.draughtDecimetres * UNLOAD_MINUTES_PER_DECIMETRE;
}

function fits(ship: Ship, berth: Berth): boolean {
  return berth.depthDecimetres >= ship.draughtDecimetres + SAFETY_DECIMETRES;
}

export class BerthQueue {
  private readonly waiting: Ship[] = [];
  private readonly listeners = new Set<(decision: Decision) => void>();

  constructor(private readonly berths: Berth[]) {
    if (berths.length === 0) {
      throw new RangeError("a harbour needs at least one berth");
    }
  }

  onDecision(listener: (decision: Decision) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  enqueue(ship: Ship, now: number): Decision {
    if (!this.berths.some((berth) => fits(ship, berth))) {
      return this.tell({ kind: "refused", ship, why: "no berth is deep enough" });
    }
    if (ship.window.closes <= now) {
      return this.tell({ kind: "refused", ship, why: "the tide has turned" });
    }
    const place = this.waiting.findIndex((other) => this.before(ship, other));
    if (place === -1) {
      this.waiting.push(ship);
    } else {
      this.waiting.splice(place, 0, ship);
    }
    return this.tell({ kind: "waiting", ship, ahead: this.waiting.indexOf(ship) });
  }

  advance(now: number): Decision[] {
    const made: Decision[] = [];
    for (const ship of [...this.waiting]) {
      const berth = this.berths
        .filter((candidate) => fits(ship, candidate) && candidate.freeFrom <= now)
        .sort((a, b) => a.depthDecimetres - b.depthDecimetres)[0];
      const leaves = now + unloadMinutes(ship);
      if (ship.window.closes < leaves) {
        this.drop(ship);
        made.push(this.tell({ kind: "refused", ship, why: "window too short" }));
      } else if (berth !== undefined && ship.window.opens <= now) {
        this.drop(ship);
        berth.freeFrom = leaves;
        made.push(this.tell({ kind: "assigned", ship, berth, from: now, until: leaves }));
      }
    }
    return made;
  }

  private before(a: Ship, b: Ship): boolean {
    if (a.window.closes !== b.window.closes) {
      return a.window.closes < b.window.closes;
    }
    if (a.draughtDecimetres !== b.draughtDecimetres) {
      return a.draughtDecimetres > b.draughtDecimetres;
    }
    return a.arrivedAt < b.arrivedAt;
  }

  private drop(ship: Ship): void {
    this.waiting.splice(this.waiting.indexOf(ship), 1);
  }

  private tell(decision: Decision): Decision {
    for (const listener of this.listeners) {
      listener(decision);
    }
    return decision;
  }
}
