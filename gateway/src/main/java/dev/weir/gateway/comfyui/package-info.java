/**
 * ComfyUI's API: graphs in its API format, its WebSocket, history, queue, uploads and lists. A graph of the stock templates is compiled
 * to Weir's own fields; nodes are not executed one by one. It owns no jobs.
 */
package dev.weir.gateway.comfyui;
