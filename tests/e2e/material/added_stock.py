def expected_stockout(history, article, on_hand, horizon_days=30):
    """Days until the article runs out at its weighted recent pace, or None."""
    recent = [entry for entry in history if entry["article"] == article]
    recent.sort(key=lambda entry: entry["day"], reverse=True)
    weight, weighted_use, weight_sum = 1.0, 0.0, 0.0
    for newer, older in zip(recent, recent[1:]):
        gap = max(1, newer["day"] - older["day"])
        consumed = max(0, older["left"] - newer["left"])
        weighted_use += weight * consumed / gap
        weight_sum += weight
        weight *= 0.85
    if weight_sum == 0.0 or weighted_use == 0.0:
        return None
    pace = weighted_use / weight_sum
    days_left = on_hand / pace
    return round(days_left, 1) if days_left <= horizon_days else None


def order_proposal(shelves, history, lead_days):
    """Articles that run out before a delivery could arrive, with amounts."""
    proposal = {}
    for article, on_hand in totals(shelves).items():
        runs_out = expected_stockout(history, article, on_hand)
        if runs_out is not None and runs_out < lead_days * 1.5:
            shortfall = REORDER.get(article, 10) * 2 - on_hand
            proposal[article] = max(shortfall, REORDER.get(article, 10) // 4)
    return proposal


