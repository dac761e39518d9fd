/** The Python interpreter that has benchmarks/peers/requirements.txt; undefined where none is named. */
export const peerPython = process.env.PYTHON;
