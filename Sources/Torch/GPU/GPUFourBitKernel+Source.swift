extension GPUFourBitKernel {
    /// CUDA C++ for the compiler that every CUDA build of PyTorch brings (NVRTC). What is fixed when it is compiled: `WARPS`, `AHEAD`, `TILES`,
    /// `GROUPS`, `RESIDENT` (`Shape`). Written for the tensor cores' product of 16 × 16 by 16 × 8 bfloat16 numbers ("mma.m16n8k16" in NVIDIA's
    /// PTX manual), which GPUs have since compute capability 8.0.
    static let source = #"""
        // y[r, column + o] = sum over k of x[r, k] * table[code[o, k]] * scale[o, k / 64]  (+ bias[o]) (+ residual[r, o]), for up to three matrices of as
        // many inputs at once, whose outputs stand one after another in y.
        typedef unsigned int u32;
        typedef unsigned short u16;

        #define LANES 32

        // D += A * B: A 16 outputs x 16 weights, B 16 weights x 8 rows of x.
        static __device__ __forceinline__ void multiply(float (&d)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
            asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
        }

        static __device__ __forceinline__ float wide(u16 half) {
            float value;
            asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(half));
            return value;
        }

        static __device__ __forceinline__ float number(u16 bits) { return __uint_as_float((u32)bits << 16); }

        static __device__ __forceinline__ u16 rounded(float value) {
            u32 bits = __float_as_uint(value);
            if ((bits & 0x7fffffffu) > 0x7f800000u) return (u16)((bits >> 16) | 0x40u);
            return (u16)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
        }

        // One output's part of a block of 64 weights that a lane loads: 16 weights and the block's scale.
        struct Piece {
            uint2 weights;
            u16 scale;
        };

        // TILES of 16 outputs, GROUPS of 8 rows of x.
        extern "C" __global__ void __launch_bounds__(WARPS * LANES, RESIDENT) product(
            const unsigned char* __restrict__ packed0, const u16* __restrict__ scales0, const u16* __restrict__ bias0, float factor0, int outputs0,
            const unsigned char* __restrict__ packed1, const u16* __restrict__ scales1, const u16* __restrict__ bias1, float factor1, int outputs1,
            const unsigned char* __restrict__ packed2, const u16* __restrict__ scales2, const u16* __restrict__ bias2, float factor2, int outputs2,
            const u32* __restrict__ pairs, const u16* __restrict__ x, const u16* __restrict__ residual, u16* __restrict__ y, int rows, int inputs,
            int width) {
            // For each byte of codes its two numbers, once for every lane, so that no two lanes ever want the same bank.
            __shared__ u32 table[256 * LANES];
            for (int at = threadIdx.x; at < 256 * LANES; at += WARPS * LANES) table[at] = pairs[at / LANES];

            const unsigned char* packed = packed0;
            const u16 *scales = scales0, *bias = bias0;
            float factor = factor0;
            int outputs = outputs0, column = 0, first = blockIdx.x * 16 * TILES;
            const int span0 = (outputs0 + 16 * TILES - 1) / (16 * TILES) * (16 * TILES);
            const int span1 = (outputs1 + 16 * TILES - 1) / (16 * TILES) * (16 * TILES);
            if (first >= span0 + span1) {
                packed = packed2, scales = scales2, bias = bias2, factor = factor2;
                column = outputs0 + outputs1, outputs = outputs2, first -= span0 + span1;
            } else if (first >= span0) {
                packed = packed1, scales = scales1, bias = bias1, factor = factor1;
                column = outputs0, outputs = outputs1, first -= span0;
            }

            const int warp = threadIdx.x / LANES, lane = threadIdx.x % LANES, group = lane / 4, place = lane % 4;
            const int blocks = inputs / 64;
            const unsigned char* weightsOf[TILES][2];
            const u16* scalesOf[TILES][2];
        #pragma unroll
            for (int tile = 0; tile < TILES; tile++)
        #pragma unroll
                for (int half = 0; half < 2; half++) {
                    const size_t at = (size_t)min(first + tile * 16 + half * 8 + group, outputs - 1) * blocks;
                    weightsOf[tile][half] = packed + at * 32 + place * 8;
                    scalesOf[tile][half] = scales + at;
                }
            const char* numbers = (const char*)table;
            const u32 own = lane * 4;
            float sums[TILES][GROUPS][4] = {};
            Piece pieces[AHEAD][TILES][2];

            auto load = [&](Piece (&into)[TILES][2], int block) {
        #pragma unroll
                for (int tile = 0; tile < TILES; tile++)
        #pragma unroll
                    for (int half = 0; half < 2; half++) {
                        into[tile][half].weights = __ldcs((const uint2*)(weightsOf[tile][half] + (u32)block * 32));
                        into[tile][half].scale = __ldg(scalesOf[tile][half] + block);
                    }
            };
        #pragma unroll
            for (int ahead = 0; ahead < AHEAD; ahead++)
                if (warp + ahead * WARPS < blocks) load(pieces[ahead], warp + ahead * WARPS);
            __syncthreads();

            for (int start = warp; start < blocks; start += WARPS * AHEAD) {
        #pragma unroll
                for (int ahead = 0; ahead < AHEAD; ahead++) {
                    const int block = start + ahead * WARPS;
                    if (block >= blocks) break;
                    // A lane's sixteen neighbours of a row; that the sum runs over them in another order than they stand is the same for both factors.
                    u32 input[GROUPS][8];
        #pragma unroll
                    for (int g = 0; g < GROUPS; g++) {
                        const int row = g * 8 + group;
                        uint4 low = make_uint4(0, 0, 0, 0), high = low;
                        if (row < rows) {
                            const uint4* source = (const uint4*)(x + (size_t)row * inputs + block * 64 + place * 16);
                            low = __ldg(source);
                            high = __ldg(source + 1);
                        }
                        input[g][0] = low.x; input[g][1] = low.y; input[g][2] = low.z; input[g][3] = low.w;
                        input[g][4] = high.x; input[g][5] = high.y; input[g][6] = high.z; input[g][7] = high.w;
                    }
        #pragma unroll
                    for (int tile = 0; tile < TILES; tile++) {
                        const uint2 upper = pieces[ahead][tile][0].weights, lower = pieces[ahead][tile][1].weights;
                        float part[GROUPS][4] = {};
        #pragma unroll
                        for (int step = 0; step < 4; step++) {
                            const u32 one = step < 2 ? upper.x : upper.y, other = step < 2 ? lower.x : lower.y;
                            // The byte's place in the table: times 128, with the lane below.
                            auto at = [&](u32 codes, int byte) {
                                const u32 moved = byte == 0 ? codes << 7 : codes >> (8 * byte - 7);
                                return *(const u32*)(numbers + ((moved & 0x7f80u) | own));
                            };
                            const int byte = step % 2 * 2;
                            const u32 a0 = at(one, byte), a1 = at(other, byte), a2 = at(one, byte + 1), a3 = at(other, byte + 1);
        #pragma unroll
                            for (int g = 0; g < GROUPS; g++) multiply(part[g], a0, a1, a2, a3, input[g][step * 2], input[g][step * 2 + 1]);
                        }
                        const float above = wide(pieces[ahead][tile][0].scale), below = wide(pieces[ahead][tile][1].scale);
        #pragma unroll
                        for (int g = 0; g < GROUPS; g++) {
                            sums[tile][g][0] += above * part[g][0];
                            sums[tile][g][1] += above * part[g][1];
                            sums[tile][g][2] += below * part[g][2];
                            sums[tile][g][3] += below * part[g][3];
                        }
                    }
                    if (block + WARPS * AHEAD < blocks) load(pieces[ahead], block + WARPS * AHEAD);
                }
            }

            // The warps' parts are summed in their order: the same result every time.
            __syncthreads();
            float* parts = (float*)table;
            const int count = 16 * TILES * 8 * GROUPS;
        #pragma unroll
            for (int tile = 0; tile < TILES; tile++)
        #pragma unroll
                for (int g = 0; g < GROUPS; g++)
        #pragma unroll
                    for (int which = 0; which < 4; which++) {
                        const int output = tile * 16 + group + which / 2 * 8, row = g * 8 + place * 2 + which % 2;
                        parts[warp * count + row * 16 * TILES + output] = sums[tile][g][which];
                    }
            __syncthreads();
            for (int at = threadIdx.x; at < count; at += WARPS * LANES) {
                const int row = at / (16 * TILES), output = first + at % (16 * TILES);
                if (row >= rows || output >= outputs) continue;
                float sum = 0;
                for (int w = 0; w < WARPS; w++) sum += parts[w * count + at];
                sum *= factor;
                if (bias) sum += number(bias[output]);
                if (residual) sum = number(rounded(sum)) + number(residual[(size_t)row * width + column + output]);
                y[(size_t)row * width + column + output] = rounded(sum);
            }
        }
        """#
}
