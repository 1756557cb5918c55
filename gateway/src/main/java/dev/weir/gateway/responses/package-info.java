/**
 * OpenAI's Responses API ({@code /v1/responses}), as far as its tool {@code image_generation} goes. It translates requests to Weir's own
 * fields and events to that API's events, and owns no jobs.
 */
package dev.weir.gateway.responses;
