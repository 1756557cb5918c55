// torch.randn on a CUDA device, run on the host: NVIDIA's own cuRAND headers, and the launch of
// distribution_elementwise_grid_stride_kernel with float4 (ATen/native/cuda/DistributionTemplates.h).
//
// Arguments: seed, blocks of the largest grid (multiprocessors * resident threads / 256; 0: no limit), then one size per
// draw. Prints the float32 values and, at the end of each draw, the generator's offset as a line "offset N".
#include <cuda_runtime.h>
#define QUALIFIERS static inline
#include <curand_kernel.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int count, char** arguments) {
    const uint64_t seed = std::strtoull(arguments[1], nullptr, 10);
    const uint64_t limit = std::strtoull(arguments[2], nullptr, 10);
    uint64_t offset = 0;
    for (int draw = 3; draw < count; draw++) {
        const uint64_t size = std::strtoull(arguments[draw], nullptr, 10);
        const uint64_t wanted = (size + 255) / 256;
        const uint64_t threads = 256 * (limit == 0 ? wanted : std::min(limit, wanted));
        const uint64_t rounds = (size - 1) / (4 * threads) + 1;
        std::vector<float> values(size);
        for (uint64_t thread = 0; thread < threads; thread++) {
            curandStatePhilox4_32_10_t state;
            curand_init(seed, thread, offset, &state);
            for (uint64_t start = thread; start < 4 * threads * rounds; start += 4 * threads) {
                const float4 four = curand_normal4(&state);
                const float drawn[] = {four.x, four.y, four.z, four.w};
                for (uint64_t i = 0; i < 4; i++) {
                    if (start + i * threads < size) {
                        values[start + i * threads] = drawn[i];
                    }
                }
            }
        }
        offset += 4 * rounds;
        for (float value : values) {
            std::printf("%.9g\n", value);
        }
        std::printf("offset %llu\n", static_cast<unsigned long long>(offset));
    }
}
