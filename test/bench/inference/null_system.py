"""MLPerf LoadGen against a system that does nothing: Server at a rate, then SingleStream. Usage: null_system.py RATE SECONDS FOLDER"""
import array
import sys

import mlperf_loadgen as lg

rate, seconds, folder = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
nothing = array.array("B", [0])
address, size = nothing.buffer_info()


def issue(queries):
    lg.QuerySamplesComplete([lg.QuerySampleResponse(q.id, address, size) for q in queries])


def run(scenario, name):
    settings = lg.TestSettings()
    settings.scenario = scenario
    settings.mode = lg.TestMode.PerformanceOnly
    settings.server_target_qps = rate
    settings.server_target_latency_ns = 10_000_000
    settings.min_duration_ms = int(seconds * 1000)
    settings.max_duration_ms = int(seconds * 1000)
    settings.min_query_count = 1
    output = lg.LogOutputSettings()
    output.outdir = folder
    output.prefix = name + "_"
    output.copy_summary_to_stdout = False
    log = lg.LogSettings()
    log.log_output = output
    sut = lg.ConstructSUT(issue, lambda: None)
    qsl = lg.ConstructQSL(16, 16, lambda _: None, lambda _: None)
    lg.StartTestWithLogSettings(sut, qsl, settings, log)
    lg.DestroyQSL(qsl)
    lg.DestroySUT(sut)


run(lg.TestScenario.Server, "server")
run(lg.TestScenario.SingleStream, "single")
