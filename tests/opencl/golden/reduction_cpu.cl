/* reduction: shapes.py:37

   launch reduction_once
*/

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef long int64_t;
typedef double4 f64x4 __attribute__((aligned(8)));

__kernel void reduction_once(int64_t x_shape0, __global const double *restrict x,
                             __global const double *restrict y, __global double *restrict out)
{
    if (x_shape0 >= 1) {
        double out_acc = out[0];
        {
            int64_t i = 0;
            if (i < x_shape0 - 15) {
                double out_acc_lanes[16] = {0};
                for (; i < x_shape0 - 15; i += 16) {
                    #pragma unroll 4
                    for (int64_t i_lane = 0; i_lane < 16; i_lane += 4) {
                        /* shapes.py:39   out[0] += x[i] * y[i]   S1 */
                        *(f64x4 *)&out_acc_lanes[i_lane] +=
                                *(__global const f64x4 *)&x[i + i_lane]
                                * *(__global const f64x4 *)&y[i + i_lane];
                    }
                }
                for (; i < x_shape0 - 3; i += 4) {
                    /* shapes.py:39   out[0] += x[i] * y[i]   S1 */
                    *(f64x4 *)&out_acc_lanes[0] += *(__global const f64x4 *)&x[i]
                            * *(__global const f64x4 *)&y[i];
                }
                *(f64x4 *)&out_acc_lanes[0] += *(f64x4 *)&out_acc_lanes[8];
                *(f64x4 *)&out_acc_lanes[4] += *(f64x4 *)&out_acc_lanes[12];
                *(f64x4 *)&out_acc_lanes[0] += *(f64x4 *)&out_acc_lanes[4];
                out_acc_lanes[0] += out_acc_lanes[2];
                out_acc_lanes[1] += out_acc_lanes[3];
                out_acc += out_acc_lanes[0];
                out_acc += out_acc_lanes[1];
            }
            for (; i < x_shape0; i++) {
                /* shapes.py:39   out[0] += x[i] * y[i]   S1 */
                out_acc += x[i] * y[i];
            }
        }
        out[0] = out_acc;
    }
}
