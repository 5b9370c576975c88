/* reduction: shapes.py:37

   launch reduction_i
*/

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef long int64_t;

__kernel void reduction_i(int64_t x_shape0, __global const double *restrict x,
                          __global const double *restrict y, __global double *restrict out)
{
    for (int64_t i = 0; i < x_shape0; i++) {
        /* shapes.py:39   out[0] += x[i] * y[i]   S1 */
        out[0] += x[i] * y[i];
    }
}
