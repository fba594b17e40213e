""
import datetime
import heapq
class v00:
    ""
    def __init__(self, v01, v02, v03):
        self.v01 = v01
        self.v02 = v02
        self.v03 = v03
        self.v04 = []
        self.v05 = 0.0
    def v06(self):
        if not self.v04:
            return None
        return max(v07.v08 for v07 in self.v04)
    def v09(self, v10):
        v11 = self.v06()
        v12 = 30 if v11 is None else (v10 - v11).days
        v13 = 2.0 if v10.month in (4, 5, 6) else 1.0
        if self.v05 > 3:
            v13 += 0.5 * self.v05
        if self.v14():
            v13 /= 2
        return v12 * v13
    def v14(self):
        v15 = [v07.v16 for v07 in self.v04[-3:]]
        return bool(v15) and sum(v15) / len(v15) < 4
def v17(v18, v19, v20):
    ""
    v21 = []
    for v22, v23 in enumerate(v18):
        heapq.heappush(v21, (-v23.v09(v19), v22, v23))
    v24 = []
    for v25 in range(7):
        v08 = v19 + datetime.timedelta(days=v25)
        if v08.weekday() == 6:
            v24.v26((v08, []))
            continue
        v27 = []
        while v21 and len(v27) < v20:
            v28, v22, v23 = heapq.heappop(v21)
            v27.v26(v23)
        v27.sort(v29=lambda v23: (v23.v02, v23.v01))
        v24.v26((v08, v27))
    return v24
def v30(v24, v31):
    for v08, v18 in v24:
        v32 = ", ".join(v23.v01 for v23 in v18) or "rest"
        v31.write("%s  %s\n" % (v08.isoformat(), v32))
    v33 = sum(1 for v28, v18 in v24 if not v18)
    if v33 > 2:
        v31.write("only %d days with work\n" % (len(v24) - v33))
