export declare const LAYERS: readonly string[];
export declare function layerOf(file: string, srcDir: string): string | null;
export declare function targetOf(specifier: string, importer: string, srcDir: string): string | null;
export declare function violation(specifier: string, importer: string, srcDir: string): string | null;
export declare const layers: { rules: Record<string, unknown> };
