"""The noise of twins against the sampler of OpenDP, which others have vetted.

Both claim to draw the discrete Gaussian distribution of a variance. Draws of both are put into the same cells and
compared by Pearson's two-sample statistic. Ours are seeded; OpenDP's cannot be, so a test fails below p = 1e-6: by
chance that happens in one run of some hundred thousand.
"""

import functools
import json
import math
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import sandbox
from environments import Environment

COUNT = 20_000
NEVER = 1e-6
# Less than one, where whole numbers are far from the continuous curve; a few; and many.
VARIANCES = [0.5, 9.0, 10_000.0]

DRAW = """
import json, sys
import opendp.prelude as dp

dp.enable_features("contrib")
scale, count = float(sys.argv[1]), int(sys.argv[2])
space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T=float)
print(json.dumps(dp.m.make_gaussian(*space, scale=scale)([0] * count)))
"""


def ours(variance, seed):
    """Draws of our sampler."""
    example = Path(sandbox.BINARY).parent / "examples/noise"
    result = subprocess.run([example, str(variance), str(COUNT), str(seed)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@functools.cache
def theirs(variance):
    """Draws of OpenDP's sampler."""
    return Environment("opendp==0.16.0").run(DRAW, math.sqrt(variance), COUNT)


def beyond(statistic, degrees):
    """The probability of a statistic of chi-squared at least so large, for an even number of degrees of freedom."""
    half, term, total = statistic / 2, 1.0, 1.0
    for place in range(1, degrees // 2):
        term *= half / place
        total += term
    return min(1.0, math.exp(-half) * total)


def likeness(one, other):
    """How likely it is that two samples of equal size that come from the same distribution differ so much."""
    one, other = Counter(one), Counter(other)
    both = sorted((one + other).items())
    # Neighbouring numbers share a cell until enough draws are in it.
    enough = max(100, 2 * COUNT // 40)
    cells, cell = [], []
    for number, _ in both:
        cell.append(number)
        if sum(one[number] + other[number] for number in cell) >= enough:
            cells.append(cell)
            cell = []
    cells[-1] += cell
    if len(cells) % 2 == 0:
        cells[-2:] = [cells[-2] + cells[-1]]
    assert len(cells) >= 3
    statistic = 0.0
    for cell in cells:
        left, right = (sum(draws[number] for number in cell) for draws in (one, other))
        statistic += (left - right) ** 2 / (left + right)
    return beyond(statistic, len(cells) - 1)


@pytest.mark.parametrize("variance", VARIANCES)
def test_our_noise_is_that_of_opendp(variance):
    assert likeness(ours(variance, 1), theirs(variance)) > NEVER


@pytest.mark.parametrize("variance", VARIANCES)
def test_noise_that_is_a_fifth_smaller_would_be_noticed(variance):
    assert likeness(ours(0.8 * variance, 2), theirs(variance)) < NEVER


def test_the_tail_of_chi_squared_is_that_of_the_tables():
    # The quantiles of 5 % and 0.1 % for 2 and for 10 degrees of freedom.
    for statistic, degrees, share in [(5.991, 2, 0.05), (18.307, 10, 0.05), (29.588, 10, 0.001)]:
        assert math.isclose(beyond(statistic, degrees), share, rel_tol=1e-3)
