/* gemm: shapes.py:17

   launch gemm_i_tile over 0 .. (C_shape1 - 1)//16 + 1 x 0 .. (C_shape0 - 1)//16 + 1, 16 x 16 items each
*/

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef long int64_t;

/* a / b rounded down, b > 0 */
static inline int64_t floord(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return b < a ? b : a;
}

__kernel void gemm_i_tile(int64_t C_shape0, int64_t C_shape1, int64_t A_shape1, int64_t B_shape1,
                          __global double *restrict C, __global const double *restrict A,
                          __global const double *restrict B)
{
    for (int64_t i_tile = get_group_id(1); i_tile < floord(C_shape0 + 15, 16);
         i_tile += get_num_groups(1)) {
        for (int64_t j_tile = get_group_id(0); j_tile < floord(C_shape1 + 15, 16);
             j_tile += get_num_groups(0)) {
            const int64_t i = 16 * i_tile + get_local_id(1);
            if (i < min_i64(C_shape0, 16 * i_tile + 16)) {
                const int64_t j = 16 * j_tile + get_local_id(0);
                if (j < min_i64(C_shape1, 16 * j_tile + 16)) {
                    double C_acc = C[i * C_shape1 + j];
                    for (int64_t k = 0; k < A_shape1; k++) {
                        /* shapes.py:21   C[i, j] += A[i, k] * B[k, j]   S1 */
                        C_acc += A[i * A_shape1 + k] * B[k * B_shape1 + j];
                    }
                    C[i * C_shape1 + j] = C_acc;
                }
            }
        }
    }
}
