    def urgency(self, today):
        # Swarming season counts double, weak colonies half.
        last = self.last_visit()
        waited = 30 if last is None else (today - last).days
        factor = 2.0 if today.month in (4, 5, 6) else 1.0
        if self.mites_per_day > 3:
            factor += 0.5 * self.mites_per_day
        if self.is_weak():
            factor /= 2
        return waited * factor

