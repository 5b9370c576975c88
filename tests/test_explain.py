"""Explanations: the whole text for two schedules, and the lines that other facts add."""

import math

import polyopt as po

N, M, K = po.symbols("N M K")


@po.kernel
def product(A: po.f64[N, K], B: po.f64[K, M], C: po.f64[N, M]):
    for i in range(N):
        for j in range(M):
            for k in range(K):
                C[i, j] += A[i, k] * B[k, j]


@po.kernel
def smooth(T: int, A: po.f64[N]):
    for t in range(T):  # noqa: B007
        for i in range(1, N - 1):
            A[i] = (A[i - 1] + A[i] + A[i + 1]) / 3.0


@po.kernel
def special(A: po.f64[N]):
    for i in range(1, N):
        A[i] = math.gamma(A[i - 1]) + math.exp(A[i])


def shows(spec, golden):
    """Compare an explanation, but for its first line, which names the machine."""
    text = "\n".join(line.rstrip() for line in spec.explain().splitlines()[1:])
    assert text == golden.rstrip("\n"), text


def test_tiles_blocks_and_parts_are_named():
    def script(s):
        s = s.tile({"i": 8, "j": 24}).permute("i_tile", "j_tile", "k", "i", "j")
        return s.separate("i", "j").promote("C", at="k").vectorize("j", width=8).parallel("i_tile")

    shows(
        product.specialize().with_schedule(script),
        """\
  S1   test_explain.py:15   C[i, j] += A[i, k] * B[k, j]

 loop            around  runs                     because
 i_tile          S1      tiles of 8, parallel     nothing is carried
   j_tile        S1      tiles of 24, sequential  nothing is carried
     k           S1      sequential               reduction into C; full tiles; C stays in a local block of 8 x 24
       i         S1      sequential               nothing is carried
         j       S1      vector 8                 nothing is carried
     k_edge      S1      sequential               reduction into C; partial tiles
       i_edge    S1      sequential               nothing is carried
         j_edge  S1      sequential               nothing is carried

the script:
  s = spec.original
  s = s.tile({"i": 8, "j": 24})
  s = s.permute("i_tile", "j_tile", "k", "i", "j")
  s = s.separate("i", "j")
  s = s.promote("C", at="k")
  s = s.vectorize("j")
  s = s.parallel("i_tile")

reductions that may be reordered: C by S1 (within 8 eps L)
""",  # noqa: E501
    )


def test_carried_dependences_are_named_with_their_lines():
    def script(s):
        return s.skew("i", by="t").tile({"t": 16, "i": 32}).wavefront("t_tile", "i_tile")

    shows(
        smooth.specialize().with_schedule(script),
        """\
  S1   test_explain.py:22   A[i] = (A[i - 1] + A[i] + A[i + 1]) / 3.0

 loop      around  runs                            because
 t_tile    S1      tiles of 32 and 16, sequential  carries flow of S1 (line 22) on itself through A and 2 more
   i_tile  S1      tiles of 32, parallel           nothing is carried
     t     S1      sequential                      carries flow of S1 (line 22) on itself through A and 2 more
       i   S1      sequential                      carries flow of S1 (line 22) on itself through A and 1 more

the script:
  s = spec.original
  s = s.skew("i", by="t", factor=1)
  s = s.tile({"t": 16, "i": 32})
  s = s.wavefront("t_tile", "i_tile")

reductions that may be reordered: none
""",  # noqa: E501
    )


def test_functions_that_are_close_are_listed():
    text = special.with_options(fp="strict").specialize().explain()
    assert "libm's, close to Python's but not bit for bit: gamma" in text
    assert "4 ulp" not in text
    text = special.specialize().explain()
    assert "within 4 ulp of libm where they run in vectors: exp" in text
