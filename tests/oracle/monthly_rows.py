"""Lives through a council's months: cases, workers, posts, offers and ledger lines as canonical rows."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from random import Random

from .arithmetic import add_months, days_after, last_day
from .truth import OUTSIDE, MadeUpCouncil, Row, holds, in_post, is_open

_CASE_TYPES = {
    "assessment": ["assessment", "assessment", "child_in_need"],
    "child_protection": ["child_protection", "child_in_need"],
    "disability": ["disability", "child_in_need"],
    "looked_after": ["child_looked_after", "care_leaver"],
    "other": ["other"],
}
_REASONS = [
    "resignation",
    "retirement",
    "redundancy",
    "dismissal",
    "end_of_contract",
    "internal_move",
    "other",
]
_SOCIAL_WORK = ("social_worker", "made_up_practitioner", "made_up_senior", "made_up_manager")


class World:
    """The state of a council at a month's end; `step` moves it on by a month."""

    def __init__(self, council: MadeUpCouncil, rng: Random) -> None:
        self.council = council
        self.rng = rng
        self.paid_by = Random(f"{council.seed}:contracts")
        self.cases: list[Row] = []
        self.holdings: list[Row] = []
        self.posts: list[Row] = []
        self.offers: list[Row] = []
        self.people: dict[str, Row] = {}
        self.numbers: dict[str, int] = {}
        self.ftes = ["1", "1", "1", "0.8", "0.6", "0.5", "0.9", "0.75"]
        if council.seed % 4 == 0:
            self.ftes += ["0.675", "0.811"]
        self._start()

    def step(self, month: date) -> dict[str, list[Row]]:
        """The rows of each extract for the month; the returned rows are copies."""
        first, last = month, last_day(month)
        self._reorganise(month)
        self._move_workers(first, last)
        self._move_cases(first, last)
        self._move_offers(first, last)
        rows = {
            "caseload": [dict(c) for c in self.cases],
            "workforce": [self._workforce_row(h, last) for h in self.holdings],
            "posts": [self._post_row(p, last) for p in self.posts],
            "offers": [dict(o) for o in self.offers],
            "agency_spend": self._ledger(first, last),
        }
        self.cases = [c for c in self.cases if is_open(c, last)]
        self.holdings = [h for h in self.holdings if h["ended_on"] is None or h["ended_on"] > last]
        return rows

    def teams(self, month: date) -> list[str]:
        """Teams in force at the month's end, in order of slug."""
        return sorted(u.unit for u in self.council.units_in_force(month) if u.level == "team")

    def _identifier(self, kind: str) -> str:
        """A new identifier: prefixed, plain digits, or digits with leading zeros; unique across kinds."""
        number = self.numbers[kind] = self.numbers.get(kind, 0) + 1
        prefix = {
            "case": "1",
            "child": "2",
            "family": "3",
            "worker": "4",
            "post": "5",
            "offer": "6",
            "line": "7",
        }[kind]
        return self.rng.choice(
            [f"{kind[:2].upper()}-{number:05d}", f"{prefix}{number:05d}", f"00{prefix}{number:04d}"]
        )

    def _day(self, first: date, last: date) -> date:
        """A day between the two, the edges often."""
        return self.rng.choice([first, last, days_after(first, self.rng.randint(0, (last - first).days))])

    def _fte(self) -> Fraction:
        return Fraction(self.rng.choice(self.ftes))

    def _start(self) -> None:
        opening = add_months(self.council.months[0], -1)
        for team in self.teams(opening):
            if team == "rapid":
                continue
            social_workers = self.rng.randint(2, 4)
            for role in ["social_worker"] * social_workers + ["made_up_practitioner", "made_up_manager"]:
                self._hire(team, role, self._day(add_months(opening, -30), opening), "permanent")
            self._hire(team, self.rng.choice(["made_up_senior", "made_up_helper"]), opening, "fixed_term")
            if self.rng.random() < 0.5:
                self._hire(team, "made_up_family_worker", opening, "permanent")
            for _ in range(2):
                self._hire(team, "social_worker", opening, "agency")
        self._hire("front_door", "made_up_clerk", opening, "permanent")
        for _ in range(self.rng.randint(2, 4)):
            self._add_post(self.rng.choice(self.teams(opening)), "social_worker", opening)
        twice = [h for h in self.holdings if h["role"] == "social_worker" and h["employment"] == "permanent"]
        for holding in self.rng.sample(twice, 3):
            self._second_post(holding)
        for team in self.teams(opening):
            for _ in range(self.rng.randint(2, 5) if team == "rapid" else self.rng.randint(14, 40)):
                self._open_case(team, self._day(add_months(opening, -14), opening), last_day(opening))

    def _second_post(self, holding: Row) -> None:
        """The worker also holds a post in another team; sometimes both of the same FTE and start."""
        same = self.rng.random() < 0.5
        teams = self.teams(holding["started_on"].replace(day=1))
        team = self.rng.choice([t for t in teams if t not in ("old_team", "rapid")])
        holding["fte"] = Fraction(1, 2)
        fte = Fraction(1, 2) if same else Fraction(2, 5)
        started = holding["started_on"] if same else days_after(holding["started_on"], 9)
        second = dict(holding, team=team, fte=fte, started_on=started)
        second["post_id"] = self._add_post(team, "social_worker", started)["post_id"]
        self.holdings.append(second)

    def _add_post(self, team: str, role: str, created: date) -> Row:
        post = {
            "post_id": self._identifier("post"),
            "team": team,
            "role": role,
            "fte": self._fte(),
            "newly_created": self.rng.random() < 0.15,
            "created_on": created if self.rng.random() < 0.5 else None,
            "funded_until": None,
        }
        self.posts.append(post)
        return post

    def _hire(self, team: str, role: str, started: date, employment: str) -> None:
        worker = self._identifier("worker")
        fte, post_id = self._fte(), None
        if employment != "agency":
            post = self._add_post(team, role, started)
            post_id = post["post_id"]
            fte = post["fte"] if self.rng.random() < 0.8 else min(post["fte"], fte)
        elif self.rng.random() < 0.4:
            post = self._add_post(team, role, started)
            post_id, fte = post["post_id"], min(post["fte"], fte)
        qualified = (
            self._day(add_months(started.replace(day=1), -90), started) if role in _SOCIAL_WORK else None
        )
        if qualified and self.rng.random() < 0.2:
            qualified = add_months(qualified.replace(day=1), self.rng.randint(0, 2))
            qualified = min(last_day(qualified), started)
        letters = "".join(self.rng.choices("ABCDEFGHJKLMNPRSTUVWXY", k=2))
        self.people[worker] = {
            "qualified_on": qualified,
            "registration_no": f"{letters}{self.rng.randint(0, 10**10 - 1):010d}" if qualified else None,
            "asye": self.rng.choice([True, False, False, False, None]) if role == "social_worker" else False,
        }
        self.holdings.append(
            {
                "worker_id": worker,
                "post_id": post_id,
                "team": team,
                "role": role,
                "employment": employment,
                "fte": fte,
                "started_on": started,
                "ended_on": None,
                "leaving_reason": None,
            }
        )

    def _open_case(self, team: str, opened: date, as_at: date) -> None:
        child = self._identifier("child")
        family = self._identifier("family") if self.rng.random() < 0.8 else None
        if self.cases and self.rng.random() < 0.25:
            other = self.rng.choice(self.cases)
            family = other["family_id"]
            child = other["child_id"] if self.rng.random() < 0.4 else child
        area = self.council.units[team].service_area
        planned = self.rng.random() < 0.3
        case = {
            "case_id": self._identifier("case"),
            "child_id": child,
            "family_id": family,
            "case_type": self.rng.choice(_CASE_TYPES[area]),
            "team": team,
            "worker_id": None,
            "opened_on": opened,
            "allocated_on": None,
            "closed_on": None,
            "closure_outcome": None,
            "transferred_to": None,
            "plan_started_on": opened if planned else None,
            "plan_ended_on": None,
        }
        self._allocate(case, as_at)
        self.cases.append(case)

    def _allocate(self, case: Row, as_at: date) -> None:
        """To a worker of the team most often; at times to nobody, a manager, someone else, a stranger."""
        chance = self.rng.random()
        present = [h for h in self.holdings if in_post(h, as_at)]
        near = [
            h for h in present if h["team"] == case["team"] and self.council.roles[h["role"]].carries_cases
        ]
        if chance < 0.06 or not present:
            case["worker_id"] = case["allocated_on"] = None
            return
        if chance < 0.08:
            case["worker_id"] = "W-GONE-7"
        else:
            case["worker_id"] = self.rng.choice(near if near and chance < 0.93 else present)["worker_id"]
        case["allocated_on"] = case["opened_on"]

    def _reorganise(self, month: date) -> None:
        """Rows of a team no longer in force move to a sibling; a team coming into force is staffed."""
        last = last_day(month)
        in_force = {u.unit for u in self.council.units_in_force(month)}
        for row in self.cases + self.holdings + self.posts + self.offers:
            if row["team"] is not None and row["team"] not in in_force:
                parent = self.council.units[row["team"]].parent
                row["team"] = min(t for t in in_force if self.council.units[t].parent == parent)
            to = row.get("transferred_to")
            if to and to != OUTSIDE and to not in in_force:
                row["transferred_to"] = OUTSIDE
        new = self.council.units["new_team"]
        if holds(new.valid_from, None, last) and not any(p["team"] == "new_team" for p in self.posts):
            for holding in [h for h in self.holdings if h["role"] == "social_worker"][:2]:
                holding["team"] = "new_team"
            self._add_post("new_team", "social_worker", month)
            for case in self.rng.sample(self.cases, min(12, len(self.cases))):
                case["team"] = "new_team"

    def _move_workers(self, first: date, last: date) -> None:
        for holding in self.holdings:
            if holding["ended_on"] is None and self.rng.random() < 0.05:
                soon = days_after(last, self.rng.randint(1, 20))
                holding["ended_on"] = max(
                    holding["started_on"], self.rng.choice([self._day(first, last), last, soon])
                )
                holding["leaving_reason"] = self.rng.choice(_REASONS)
        for _ in range(self.rng.randint(1, 3)):
            team = self.rng.choice([t for t in self.teams(first) if t not in ("rapid", "new_team")])
            role = self.rng.choice(
                ["social_worker", "social_worker", "made_up_practitioner", "made_up_helper"]
            )
            self._hire(
                team, role, self._day(first, last), self.rng.choice(["permanent", "fixed_term", "agency"])
            )
        if self.council.seed % 2 == 1 and self.rng.random() < 0.3:
            self._hire("front_door", "made_up_clerk", first, "agency")

    def _move_cases(self, first: date, last: date) -> None:
        teams = self.teams(first)
        leavers = {h["worker_id"] for h in self.holdings if not in_post(h, last)}
        for case in list(self.cases):
            chance = self.rng.random()
            if case["closed_on"] is not None:
                continue
            if case["worker_id"] in leavers and chance < 0.6:
                self._allocate(case, last)
            elif chance < 0.11:
                earliest = max(first, case["opened_on"])
                soon = days_after(last, self.rng.randint(1, 25))
                closed_on = self._day(earliest, last) if chance < 0.09 else soon
                case["closed_on"] = closed_on
                case["closure_outcome"] = self.rng.choice(["closed", "closed", "stepped_down", "transferred"])
                if case["closure_outcome"] == "transferred":
                    others = [t for t in teams if t != case["team"]]
                    case["transferred_to"] = self.rng.choice([*others, OUTSIDE, OUTSIDE])
                    if case["transferred_to"] != OUTSIDE and closed_on <= last:
                        self._open_case(case["transferred_to"], closed_on, last)
                        episode = self.cases[-1]
                        episode.update(case_id=case["case_id"] + "/2")
                        episode.update(child_id=case["child_id"], family_id=case["family_id"])
                if case["plan_started_on"]:
                    case["plan_ended_on"] = case["closed_on"]
            elif chance < 0.15:
                self._allocate(case, last)
            elif chance < 0.155:
                case["team"] = self.rng.choice(teams)
        for _ in range(max(6, len(self.cases) // 10)):
            team = "protection" if self.rng.random() < 0.02 else self.rng.choice(teams)
            self._open_case(team, self._day(first, last), last)

    def _move_offers(self, first: date, last: date) -> None:
        self.offers = [o for o in self.offers if o["expected_start_on"] > last]
        if self.rng.random() < 0.15:
            self.offers = []
            return
        for _ in range(self.rng.randint(1, 5)):
            offer = {
                "offer_id": self._identifier("offer"),
                "team": self.rng.choice([*self.teams(first), None]),
                "role": self.rng.choice(
                    ["social_worker", "made_up_practitioner", "made_up_manager", "made_up_helper"]
                ),
                "employment": self.rng.choice(["permanent", "fixed_term", "agency"]),
                "fte": self._fte(),
                "accepted_on": first if self.rng.random() < 0.8 else None,
                "expected_start_on": days_after(last, self.rng.randint(1, 80)),
            }
            self.offers.append(offer)

    def _workforce_row(self, holding: Row, last: date) -> Row:
        rng = self.rng
        return {
            **holding,
            **self.people[holding["worker_id"]],
            "sickness_days": Fraction(rng.choice(["0", "0", "1.5", "3", "22"]))
            if rng.random() < 0.7
            else None,
            "absent_at_month_end": rng.choice(["maternity", "sickness", "unpaid", "other"])
            if rng.random() < 0.05
            else None,
        }

    def _post_row(self, post: Row, last: date) -> Row:
        held = sum(
            h["fte"]
            for h in self.holdings
            if h["post_id"] == post["post_id"] and h["employment"] != "agency" and in_post(h, last)
        )
        return {**post, "vacant_fte": max(Fraction(0), post["fte"] - held)}

    def _ledger(self, first: date, last: date) -> list[Row]:
        agency = [h for h in self.holdings if h["employment"] == "agency"]
        lines = []
        for holding in agency:
            for week in range(self.rng.randint(1, 4)):
                ending = days_after(last, 6 - 7 * week - self.rng.choice([0, 0, 40]))
                hours, rate = (
                    Fraction(self.rng.randint(20, 80), 2),
                    Fraction(self.rng.randint(2800, 4600), 100),
                )
                penny = self.rng.choice([Fraction(0)] * 5 + [Fraction(5, 100)])
                amount = Fraction(round(hours * rate * 100), 100) + penny
                lines.append(self._line(holding["team"], ending, amount, "pay", holding, hours, rate))
        for _ in range(self.rng.randint(3, 7)):
            kind = self.rng.choice(["fee", "travel", "set_up", "other", "pay"])
            amount = Fraction(self.rng.randint(-150_000, 250_000), 100)
            lines.append(self._line(self.rng.choice(self.teams(first)), last, amount, kind))
        credit = -Fraction(self.rng.randint(20000, 400000), 100)
        lines.append(self._line(self.rng.choice(self.teams(first)), first, credit, "pay"))
        return lines

    def _contract(self, ending: date) -> str | None:
        """Sometimes a contract of the council, whatever the line's team."""
        contracts = self.council.invested.contracts
        if not contracts or self.paid_by.random() < 0.6:
            return None
        return self.paid_by.choice(contracts).contract

    def _line(
        self,
        team: str,
        ending: date,
        amount: Fraction,
        kind: str,
        holding: Row | None = None,
        hours: Fraction | None = None,
        rate: Fraction | None = None,
    ) -> Row:
        return {
            "line_id": self._identifier("line"),
            "team": team,
            "role": holding["role"] if holding else None,
            "worker_id": holding["worker_id"] if holding else None,
            "supplier": self.rng.choice(["Made-up Locums Ltd", "Château Staffing", None]),
            "contract_id": self._contract(ending),
            "week_ending": ending,
            "hours": hours,
            "hourly_rate_gbp": rate,
            "amount_gbp": amount,
            "cost_type": kind,
        }
