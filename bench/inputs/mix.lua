-- SPDX-License-Identifier: MIT
-- A scripting language's day: trees of small tables, strings that are built
-- up and cut, closures, and tables that grow and shrink.
local scale = tonumber(arg[1])
local seed = 42

local function random(n)
	seed = (seed * 1103515245 + 12345) % 2147483648
	return seed // 8 % n + 1
end

local function tree(depth)
	if depth == 0 then
		return {}
	end
	return { tree(depth - 1), tree(depth - 1) }
end

local function count(node)
	return node[1] and 1 + count(node[1]) + count(node[2]) or 1
end

local function words(n)
	local parts, seen = {}, {}
	for i = 1, n do
		local word = string.rep(string.char(96 + random(26)), random(9))
		parts[#parts + 1] = word .. i % 100
		seen[word] = (seen[word] or 0) + 1
	end
	local text = table.concat(parts, " ")
	local total = 0
	for word in text:gmatch("%a+") do
		total = total + #word
	end
	return total + #text:gsub("%d+", "<%0>")
end

local function closures(n)
	local adders, sum = {}, 0
	for i = 1, n do
		adders[i] = function(x) return x + i end
	end
	for i = n, 1, -1 do
		sum = sum + adders[i](random(10))
		adders[i] = nil
	end
	return sum
end

local total = 0
local keep = tree(14)
for _ = 1, scale do
	total = total + count(tree(12)) + words(6000) + closures(6000)
end
print(total, count(keep))
