/* triangular: shapes.py:43

   launch triangular_i over pieces of 0 .. n
*/

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef long int64_t;

/* Where piece `number` of `trips` iterations begins, of as many pieces as there are groups. */
static inline int64_t share(int64_t trips, int64_t number)
{
    return trips > 0 ? trips * number / (int64_t)get_num_groups(0) : 0;
}

__kernel void triangular_i(int64_t n, int64_t A_shape1, __global const double *restrict A,
                           __global const double *restrict x, __global double *restrict y)
{
    const int64_t i_trips = n;
    const int64_t i_first = share(i_trips, get_group_id(0));
    const int64_t i_last = share(i_trips, get_group_id(0) + 1);
    for (int64_t i = i_first; i < i_last; i++) {
        for (int64_t j = 0; j < i + 1; j++) {
            /* shapes.py:47   y[i] += A[i, j] * x[j]   S1 */
            y[i] += A[i * A_shape1 + j] * x[j];
        }
    }
}
