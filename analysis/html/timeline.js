/* The time line of one request. */

function timeChart(figure) {
    return {traces: [], layout: {}};
}
