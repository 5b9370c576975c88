/* elementwise: shapes.py:11

   launch elementwise_i_tile over 0 .. (x_shape0 - 1)//64 + 1, 64 items each
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

__kernel void elementwise_i_tile(int64_t x_shape0, __global const double *restrict x,
                                 __global const double *restrict y, __global double *restrict out)
{
    for (int64_t i_tile = get_group_id(0); i_tile < floord(x_shape0 + 63, 64);
         i_tile += get_num_groups(0)) {
        const int64_t i = 64 * i_tile + get_local_id(0);
        if (i < min_i64(x_shape0, 64 * i_tile + 64)) {
            /* shapes.py:13   out[i] = math.sqrt(abs(x[i])) + y[i] * 2.0   S1 */
            out[i] = sqrt((double)fabs(x[i])) + y[i] * 2.0;
        }
    }
}
