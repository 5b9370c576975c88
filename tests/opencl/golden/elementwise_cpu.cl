/* elementwise: shapes.py:11

   launch elementwise_i over pieces of 0 .. x_shape0
*/

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef long int64_t;

/* Where piece `number` of `trips` iterations begins, of as many pieces as there are groups. */
static inline int64_t share(int64_t trips, int64_t number)
{
    return trips > 0 ? trips * number / (int64_t)get_num_groups(0) : 0;
}

__kernel void elementwise_i(int64_t x_shape0, __global const double *restrict x,
                            __global const double *restrict y, __global double *restrict out)
{
    const int64_t i_trips = x_shape0;
    const int64_t i_first = share(i_trips, get_group_id(0));
    const int64_t i_last = share(i_trips, get_group_id(0) + 1);
    #pragma clang loop vectorize(assume_safety)
    for (int64_t i = i_first; i < i_last; i++) {
        /* shapes.py:13   out[i] = math.sqrt(abs(x[i])) + y[i] * 2.0   S1 */
        out[i] = sqrt((double)fabs(x[i])) + y[i] * 2.0;
    }
}
