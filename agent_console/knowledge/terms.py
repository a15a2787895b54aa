"""What the full-text search compares: words of Latin script, pairs of Chinese characters.

Pure.  The index is a plain table of terms, because most Chinese words have two characters:
SQLite's trigram tokenizer finds none of them, and PostgreSQL's parsers do not cut Chinese at all.
The same table serves both databases, and both find the same articles in the same order.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

LONGEST_TERM: Final = 40
MOST_TERMS: Final = 12
"""Terms of a search; more say nothing new."""
_SNIPPET: Final = 90
_RUNS: Final = re.compile(r"[a-z0-9]+|[\u3400-\u9fff\uf900-\ufaff]+")


def terms(text: str) -> list[str]:
    """Return the terms of a text in their order, repeated ones repeated."""
    found = []
    for run in _RUNS.findall(_plain(text)):
        if run[0] < "\u3400":
            found.append(_stem(run)[:LONGEST_TERM])
        elif len(run) == 1:
            found.append(run)
        else:
            found += [run[i : i + 2] for i in range(len(run) - 1)]
    return found


def query_terms(words: str) -> list[str]:
    """Return the different terms of a search; one ends in ``%`` where any ending will do.

    Those are the last word, which may still be being typed, and single Chinese characters.
    """
    found = list(dict.fromkeys(terms(words)))[:MOST_TERMS]
    typed = bool(words) and not words[-1].isspace()
    return [
        f"{term}%"
        if _is_single(term) or (typed and i == len(found) - 1 and term.isascii())
        else term
        for i, term in enumerate(found)
    ]


def weights(parts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return each term's weight in an article; ``parts`` are texts with what they count.

    A term counts for more where it stands more often, but ever less for each further time.
    """
    total: Counter[str] = Counter()
    for text, worth in parts:
        for term, times in Counter(terms(text)).items():
            total[term] += worth * (1.0 + math.log(times))  # type: ignore[assignment] # a Counter of floats
    return dict(total)


def rank(
    wanted: Sequence[str], postings: Iterable[tuple[str, str, float]], articles: int
) -> list[tuple[str, float]]:
    """Return articles with their scores, the best first.

    ``postings`` are ``(term, article_id, weight)``.  An article that has all the terms comes
    before those that lack one; among equals, rare terms count for more (tf-idf).
    """
    by_wanted: dict[str, dict[str, float]] = {term: {} for term in wanted}
    for term, article_id, weight in postings:
        for want in wanted:
            if _matches(want, term):
                best = by_wanted[want]
                best[article_id] = max(best.get(article_id, 0.0), weight)
    scores: dict[str, float] = {}
    matched: Counter[str] = Counter()
    for best in by_wanted.values():
        rarity = math.log(1.0 + articles / len(best)) if best else 0.0
        for article_id, weight in best.items():
            scores[article_id] = scores.get(article_id, 0.0) + weight * rarity
            matched[article_id] += 1
    most = max(matched.values(), default=0)
    # Half of the terms at least: a search for a sentence should not find every article.
    enough = [a for a in scores if matched[a] == most and 2 * most >= len(wanted)]
    return sorted(((a, scores[a]) for a in enough), key=lambda found: (-found[1], found[0]))


def snippet(text: str, wanted: Sequence[str]) -> str:
    """Return the part of the text around the first of the terms, or its beginning."""
    flat = " ".join(text.split())
    plain = _plain(flat)
    places = [plain.find(term.rstrip("%")) for term in wanted] if len(plain) == len(flat) else []
    first = min((place for place in places if place >= 0), default=0)
    start = max(0, first - _SNIPPET // 3)
    cut = flat[start : start + _SNIPPET]
    return f"{'…' if start else ''}{cut}{'…' if start + _SNIPPET < len(flat) else ''}"


def patterns(wanted: Sequence[str]) -> Mapping[str, list[str]]:
    """Return what to look up: ``whole`` terms, and patterns for SQL's ``LIKE`` as ``like``."""
    whole = [term for term in wanted if not term.endswith("%")]
    like = []
    for term in wanted:
        if term.endswith("%"):
            like.append(term)
            if _is_single(term[:-1]):
                like.append(f"_{term[:-1]}")
    return {"whole": whole, "like": like}


def _matches(want: str, term: str) -> bool:
    if not want.endswith("%"):
        return want == term
    start = want[:-1]
    return term.startswith(start) or (_is_single(start) and start in term)


def _is_single(term: str) -> bool:
    return len(term) == 1 and term >= "\u3400"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _stem(word: str) -> str:
    """Cut a plural off: that is what people vary most."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word
