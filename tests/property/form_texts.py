"""Texts that random programs begin with: factorisations, prefix operations, sums down columns,
scalars by cases.

`R` is a range, `BR` one run backwards; `DIV` and `F` stand for what follows the kind of data.
"""

FACTORISATIONS = {
    "lu": """
for i in R(0, N):
    for j in R(0, i):
        for k in R(0, j):
            A[i, j] -= A[i, k]*A[k, j]
        A[i, j] = DIV(A[i, j], A[j, j])
    for j in R(i, N):
        for k in R(0, i):
            A[i, j] -= A[i, k]*A[k, j]
""",
    "cholesky": """
for i in R(0, N):
    for j in R(0, i+1):
        for k in R(0, j):
            A[i, j] -= A[i, k]*A[j, k]
        if i == j:
            A[i, i] = F(A[i, i])
        else:
            A[i, j] = DIV(A[i, j], A[j, j])
""",
    "lu_scalar": """
for i in R(0, N):
    for j in R(0, i):
        w = A[i, j]
        for k in R(0, j):
            w -= A[i, k]*A[k, j]
        A[i, j] = DIV(w, A[j, j])
    for j in R(i, N):
        w = A[i, j]
        for k in R(0, i):
            w -= A[i, k]*A[k, j]
        A[i, j] = w
""",
    "right_looking": """
for k in R(0, N):
    for i in R(k+1, N):
        A[i, k] = DIV(A[i, k], A[k, k])
        for j in R(k+1, N):
            A[i, j] -= A[i, k]*A[k, j]
""",
    "ldl": """
for i in R(0, N):
    for j in R(0, i):
        for k in R(0, j):
            A[i, j] -= A[i, k]*D[k]*A[j, k]
        A[i, j] = DIV(A[i, j], D[j])
    D[i] = A[i, i]
    for k in R(0, i):
        D[i] -= A[i, k]*A[i, k]*D[k]
""",
    "triangular_solve": """
for i in R(0, N):
    for j in R(0, M):
        for k in R(0, i):
            B[i, j] -= A[i, k]*B[k, j]
        B[i, j] = DIV(B[i, j], A[i, i])
""",
    "triangular_inverse": """
for j in R(0, N):
    for i in R(j+1, N):
        for k in R(j+1, i):
            B[i, j] -= A[i, k]*B[k, j]
        B[i, j] = DIV(B[i, j], A[i, i])
""",
    "floyd": """
for k in R(0, N):
    for i in R(0, N):
        for j in R(0, N):
            A[i, j] = min(A[i, j], A[i, k]+A[k, j])
""",
    "parentheses": """
for i in BR(0, N):
    for j in R(i+1, N):
        for k in R(i+1, j):
            A[i, j] += A[i, k]*A[k, j]
        A[i, j] = F(A[i, j])
""",
    "triangle_product": """
for i in R(0, N):
    for j in R(0, i+1):
        A[i, j] = A[i, i]*A[i, j]
        for k in R(i+1, N):
            A[i, j] += A[k, i]*A[k, j]
""",
    "gauss_jordan": """
for k in R(0, N):
    for j in R(k+1, N):
        A[k, j] = DIV(A[k, j], A[k, k])
    for i in R(0, N):
        if i != k:
            for j in R(k+1, N):
                A[i, j] -= A[i, k]*A[k, j]
""",
    "banded": """
for i in R(0, N):
    for j in R(max(0, i-3), i):
        for k in R(max(0, i-3), j):
            A[i, j] -= A[i, k]*A[j, k]
        A[i, j] = DIV(A[i, j], A[j, j])
    A[i, i] = F(A[i, i])
""",
}

SUMS_AND_CASES = {
    "row_sums": """
for i in R(0, N):
    for j in R(1, M):
        A[i, j] = A[i, j-1] + B[i, j]
""",
    "alignment": """
for i in R(1, N):
    for j in R(1, M):
        A[i, j] = max(0, A[i-1, j-1] + B[i, j], max(A[i-1, j], A[i, j-1]) - 1)
""",
    "alignment_scalars": """
for i in R(1, N):
    for j in R(1, M):
        w = A[i-1, j-1] + B[i, j]
        v = max(A[i-1, j] - 2, A[i, j-1] - 2)
        A[i, j] = max(w, v, 0)
""",
    "two_scans": """
for i in R(1, N):
    D[i] = D[i-1] + E[i]
for i in R(1, N):
    E[i] = max(E[i-1] - 3, D[i], -9)
""",
    "scan_and_back": """
for i in R(1, N):
    D[i] = min(D[i-1] + 2, E[i], 100)
for i in BR(1, N):
    E[i] = E[i+1] - D[i]
""",
    "prefix": """
for i in R(0, N):
    w = 0*A[0, 0]
    for j in R(0, M):
        w += A[i, j]
        B[i, j] = w
""",
    "window": """
for i in R(0, N):
    w = 0*D[0]
    for k in R(0, M):
        w += D[i+k]
    E[i] = w
""",
    "columns": """
for j in R(0, N):
    w = 0*A[0, 0]
    for i in R(0, M):
        w += A[i, j]
    D[j] = w
    v = 0*A[0, 0]
    for i in R(0, M):
        v += (A[i, j]-w)*(A[i, j]-w)
    E[j] = v
""",
    "triangle_columns": """
for j in R(0, N):
    w = 0*A[0, 0]
    for i in R(0, j):
        w += A[i, j]*D[i]
    E[j] = F(w)
""",
    "column_maxima": """
for j in R(0, N):
    w = A[0, j]
    for i in R(1, M):
        w = max(w, A[i, j])
    for i in R(0, M):
        B[i, j] = A[i, j] - w
""",
    "guarded_columns": """
for j in R(0, N):
    w = 0*A[0, 0]
    for i in R(0, M):
        if A[i, j] > 0:
            w += A[i, j]
    E[j] = w
""",
    "first_iteration": """
for i in R(0, N):
    if i == 0:
        w = D[i] + 1
    else:
        w = D[i-1]*3
    E[i] = F(w)
""",
    "first_two": """
for i in R(0, N):
    for j in R(0, M):
        if j < 2:
            w = A[i, j]
        else:
            w = A[i, j-1] - A[i, j-2]
        if j > i:
            v = w
        elif j == i:
            v = w*3
        else:
            v = D[j]
        B[i, j] = v + w
""",
    "first_of_rows": """
for i in R(0, N):
    if i == 0:
        w = D[0]
    else:
        w = A[i-1, 0]
    for j in R(0, M):
        if j == 0:
            v = w
        else:
            v = A[i, j-1] + w
        A[i, j] += v
    D[i] = w
""",
    "corners": """
for i in R(0, N):
    for j in R(0, M):
        if i == 0 and j == 0:
            w = D[0]
        elif i == 0:
            w = A[0, j-1]
        elif j == 0:
            w = A[i-1, 0]
        else:
            w = min(A[i-1, j], A[i, j-1])
        A[i, j] = w + B[i, j]
""",
    "carried": """
w = 0*D[0]
for i in R(0, N):
    if i % 2 == 0:
        w = D[i]
    E[i] = w + 1
""",
}
