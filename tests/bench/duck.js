// duck.js - DuckDB on ALB logs: duck.js count FILE | questions FILE DIR
//
// count: a typed read_csv of the file and one count by status, written as TSV. questions: the file
// loaded into a table of its own, and its lines into another, then the questions of bench_core in
// one process: `name value unit` a line, the answers as DIR/NAME.tsv. Needs the package @duckdb/node-api; it is looked for
// where DUCKDB_MODULES says, then as node does. `duck.js have` only says whether it is there.
'use strict';
const fs = require('fs');

function load() {
    const paths = process.env.DUCKDB_MODULES ? [process.env.DUCKDB_MODULES] : module.paths;
    return require(require.resolve('@duckdb/node-api', { paths }));
}

const columns = [
    ['type', 'VARCHAR'], ['time', 'TIMESTAMP'], ['elb', 'VARCHAR'], ['client', 'VARCHAR'],
    ['target', 'VARCHAR'], ['request_processing_time', 'DOUBLE'],
    ['target_processing_time', 'DOUBLE'], ['response_processing_time', 'DOUBLE'],
    ['elb_status_code', 'INTEGER'], ['target_status_code', 'INTEGER'],
    ['received_bytes', 'BIGINT'], ['sent_bytes', 'BIGINT'], ['request', 'VARCHAR'],
    ['user_agent', 'VARCHAR'], ['ssl_cipher', 'VARCHAR'], ['ssl_protocol', 'VARCHAR'],
    ['target_group_arn', 'VARCHAR'], ['trace_id', 'VARCHAR'], ['domain_name', 'VARCHAR'],
    ['chosen_cert_arn', 'VARCHAR'], ['matched_rule_priority', 'INTEGER'],
    ['request_creation_time', 'TIMESTAMP'], ['actions_executed', 'VARCHAR'],
    ['redirect_url', 'VARCHAR'], ['error_reason', 'VARCHAR'], ['target_port_list', 'VARCHAR'],
    ['target_status_code_list', 'VARCHAR'], ['classification', 'VARCHAR'],
    ['classification_reason', 'VARCHAR'], ['conn_trace_id', 'VARCHAR'],
    ['transformed_host', 'VARCHAR'], ['transformed_uri', 'VARCHAR'],
    ['request_transform_status', 'VARCHAR'], ['origin', 'VARCHAR'],
];

function readCsv(file) {
    const quoted = (s) => `'${s.replace(/'/g, "''")}'`;
    const typed = columns.map(([name, type]) => `${quoted(name)}: ${quoted(type)}`).join(', ');
    return `read_csv(${quoted(file)}, delim = ' ', quote = '"', escape = '"', header = false,
        nullstr = '-', auto_detect = false, strict_mode = false, null_padding = true,
        columns = {${typed}})`;
}

const minute = "strftime(date_trunc('minute', time), '%Y-%m-%dT%H:%M:%SZ') AS m";
const questions = {
    count_5xx: 'SELECT count(*) FROM alb WHERE elb_status_code BETWEEN 500 AND 599',
    by_status: 'SELECT elb_status_code, count(*) AS n FROM alb GROUP BY 1 ORDER BY 1',
    top_client: `SELECT client_ip, count(*) AS n FROM alb GROUP BY 1 ORDER BY n DESC, client_ip
        LIMIT 20`,
    top_agent: `SELECT user_agent, count(*) AS n FROM alb GROUP BY 1 ORDER BY n DESC, user_agent
        LIMIT 20`,
    by_minute: `SELECT ${minute}, count(*) AS n FROM alb GROUP BY 1 ORDER BY 1`,
    percentiles: `SELECT ${minute}, quantile_disc(nullif(target_processing_time, -1),
        [0.5, 0.95, 0.99]) AS q FROM alb GROUP BY 1 ORDER BY 1`,
    minute_status: `SELECT ${minute}, elb_status_code, count(*) AS n FROM alb GROUP BY 1, 2
        ORDER BY 1, 2`,
    pct_path: `SELECT quantile_disc(nullif(target_processing_time, -1), 0.99) AS p FROM alb
        GROUP BY path ORDER BY p DESC NULLS LAST LIMIT 20`,
    pct_path_all: `SELECT count(*), count(p), sum(round(p * 1000)::BIGINT), max(p) FROM (SELECT
        quantile_disc(nullif(target_processing_time, -1), 0.99) AS p FROM alb GROUP BY path)`,
};
// of a table of whole lines
const lineQuestions = {
    parse_line: `SELECT nullif(regexp_extract(line, '"([A-Z]+) ([^ ]+) ', 1), '') AS m, count(*)
        FROM lines GROUP BY 1 ORDER BY 1 NULLS LAST`,
};

function text(value) {
    if (value === null) return '';
    return value.items ? value.items.map(text).join('\t') : String(value);
}

async function rows(connection, sql) {
    const reader = await connection.runAndReadAll(sql);
    return reader.getRows().map((row) => row.map(text).join('\t') + '\n').join('');
}

async function ask(connection, asked, dir) {
    for (const [name, sql] of Object.entries(asked)) {
        const times = [];
        fs.writeFileSync(`${dir}/${name}.tsv`, await rows(connection, sql));
        for (let i = 0; i < 5; i++) {
            const start = process.hrtime.bigint();
            await connection.runAndReadAll(sql);
            times.push(Number(process.hrtime.bigint() - start) / 1e6);
        }
        times.sort((a, b) => a - b);
        console.log(`query ${name} ${times[2].toFixed(3)} ms`);
    }
}

async function main([mode, file, dir]) {
    const instance = await load().DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    if (mode === 'count') {
        const sql = `SELECT elb_status_code, count(*) FROM ${readCsv(file)} GROUP BY 1 ORDER BY 1`;
        process.stdout.write(await rows(connection, sql));
    } else if (mode === 'questions') {
        const start = Date.now();
        await connection.run(`CREATE TABLE alb AS SELECT *,
            regexp_replace(client, ':[0-9]+$', '') AS client_ip,
            nullif(regexp_extract(request, '^[^ ]+ [a-z]+://[^/ ]*(/[^? ]*)', 1), '') AS path
            FROM ${readCsv(file)}`);
        console.log(`load ${Date.now() - start} ms`);
        await ask(connection, questions, dir);
        await connection.run('DROP TABLE alb');
        await connection.run(`CREATE TABLE lines AS SELECT * FROM read_csv('${file}', delim = '\x01',
            quote = '', escape = '', header = false, auto_detect = false,
            columns = {'line': 'VARCHAR'})`);
        await ask(connection, lineQuestions, dir);
    }
}

main(process.argv.slice(2)).catch((e) => {
    console.error(`duck.js: ${e.message}`);
    process.exit(1);
});
