/* gemm: shapes.py:17

   launch gemm_i_tile over 0 .. (C_shape1 - 1)//16 + 1 x 0 .. (C_shape0 - 1)//16 + 1, 16 x 16 items each
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

__kernel void gemm_i_tile(int64_t C_shape0, int64_t C_shape1, int64_t A_shape1, int64_t B_shape1,
                          __global double *restrict C, __global const double *restrict A,
                          __global const double *restrict B)
{
    __local double A_local[16][16];
    __local double B_local[16][16];
    const int64_t item0 = get_local_id(0);
    const int64_t item1 = get_local_id(1);
    for (int64_t i_tile = get_group_id(1); i_tile < floord(C_shape0 + 15, 16);
         i_tile += get_num_groups(1)) {
        for (int64_t j_tile = get_group_id(0); j_tile < floord(C_shape1 + 15, 16);
             j_tile += get_num_groups(0)) {
            const int64_t C_acc_end0 = C_shape0 - 16 * i_tile;
            const int64_t C_acc_end1 = C_shape1 - 16 * j_tile;
            double C_acc = item1 < C_acc_end0 && item0 < C_acc_end1
                    ? C[(16 * i_tile + item1) * C_shape1 + (16 * j_tile + item0)] : 0;
            for (int64_t k_tile = 0; k_tile < floord(A_shape1 + 15, 16); k_tile++) {
                const int64_t A_local_end0 = C_shape0 - 16 * i_tile;
                const int64_t A_local_end1 = A_shape1 - 16 * k_tile;
                barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
                for (int64_t A_local_0 = item1; A_local_0 < 16; A_local_0 += get_local_size(1))
                    for (int64_t A_local_1 = item0; A_local_1 < 16; A_local_1 += get_local_size(0))
                        A_local[A_local_0][A_local_1] = A_local_0 < A_local_end0 && A_local_1
                                < A_local_end1
                                ? A[(16 * i_tile + A_local_0) * A_shape1
                                + (16 * k_tile + A_local_1)] : 0;
                const int64_t B_local_end0 = A_shape1 - 16 * k_tile;
                const int64_t B_local_end1 = C_shape1 - 16 * j_tile;
                for (int64_t B_local_0 = item1; B_local_0 < 16; B_local_0 += get_local_size(1))
                    for (int64_t B_local_1 = item0; B_local_1 < 16; B_local_1 += get_local_size(0))
                        B_local[B_local_0][B_local_1] = B_local_0 < B_local_end0 && B_local_1
                                < B_local_end1
                                ? B[(16 * k_tile + B_local_0) * B_shape1
                                + (16 * j_tile + B_local_1)] : 0;
                barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
                {
                    const int64_t i = 16 * i_tile + get_local_id(1);
                    if (i < min_i64(C_shape0, 16 * i_tile + 16)) {
                        const int64_t j = 16 * j_tile + get_local_id(0);
                        if (j < min_i64(C_shape1, 16 * j_tile + 16)) {
                            for (int64_t k = 16 * k_tile; k < min_i64(A_shape1, 16 * k_tile + 16);
                                 k++) {
                                /* shapes.py:21   C[i, j] += A[i, k] * B[k, j]   S1 */
                                C_acc += A_local[i - 16 * i_tile][k - 16 * k_tile]
                                        * B_local[k - 16 * k_tile][j - 16 * j_tile];
                            }
                        }
                    }
                }
            }
            if (item1 < C_acc_end0 && item0 < C_acc_end1)
                C[(16 * i_tile + item1) * C_shape1 + (16 * j_tile + item0)] = C_acc;
            barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        }
    }
}
