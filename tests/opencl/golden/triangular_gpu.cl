/* triangular: shapes.py:43

   launch triangular_i_tile over 0 .. (n - 1)//64 + 1, 64 items each
*/

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef long int64_t;

/* a / b rounded down, b > 0 */
static inline int64_t floord(int64_t a, int64_t b)
{
    return b & (b - 1) ? a / b - (a % b < 0) : (a - (a & (b - 1))) / b;
}

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return b < a ? b : a;
}

__kernel void triangular_i_tile(int64_t n, int64_t A_shape1, __global const double *restrict A,
                                __global const double *restrict x, __global double *restrict y)
{
    for (int64_t i_tile = get_group_id(0); i_tile < floord(n + 63, 64);
         i_tile += get_num_groups(0)) {
        const int64_t i = 64 * i_tile + get_local_id(0);
        if (i < min_i64(n, 64 * i_tile + 64)) {
            double y_acc = y[i];
            for (int64_t j = 0; j < i + 1; j++) {
                /* shapes.py:47   y[i] += A[i, j] * x[j]   S1 */
                y_acc += A[i * A_shape1 + j] * x[j];
            }
            y[i] = y_acc;
        }
    }
}
