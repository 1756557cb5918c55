/**
 * The API of Automatic1111 ({@code /sdapi/v1}), for programs that were written for it. It translates requests to Weir's own fields and
 * events to that API's answers, and owns no jobs. Shapes: {@code modules/api} of stable-diffusion-webui.
 */
package dev.weir.gateway.a1111;
