/** Texts of a file for agents that are right, with what they say besides the defaults. */
export const understoodAgents: readonly [text: string, value: object][] = [
  ['{}', {}],
  ['{"$schema":"x","maxKernels":0}', { maxKernels: 0 }],
  [
    '{"agentGraceSeconds":0.05,"kernelStartSeconds":3600}',
    { agentGraceSeconds: 0.05, kernelStartSeconds: 3600 },
  ],
  [
    '{"clientVariables":["HTTP_PROXY","_x1"],"logLevel":"trace"}',
    { clientVariables: ['HTTP_PROXY', '_x1'], logLevel: 'trace' },
  ],
];

/** Texts that are wrong, with every problem as `line:column: sentence`. */
export const refusedAgents: readonly [text: string, ...problems: string[]][] = [
  ['{"maxKernel": 3}', '1:2: there is no key "maxKernel"; did you mean "maxKernels"?'],
  ['{"maxKernels": -1}', '1:16: "maxKernels": invalid value: expected >=0 but received -1'],
  ['{"clientVariables": ["A=B"]}', '1:22: "clientVariables[0]": not the name of a variable'],
  ['{"port": 7443}', '1:2: "port" belongs to config.json in the same folder, since it is about the daemon'],
  [
    '{\n"maxKernelsPerUser": 3, "maxkernels": 3}',
    '2:1: "maxKernelsPerUser" belongs to config.json in the same folder, since it is about the daemon; here it is called "maxKernels"',
    '2:25: there is no key "maxkernels"; did you mean "maxKernels"?',
  ],
];
